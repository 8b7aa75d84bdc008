import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { freePort } from '../../test/lab/processes/free-port.ts';
import type { Scope } from '../../test/lab/scope.ts';
import { httpUpstream } from '../../test/lab/upstreams/upstream.ts';
import { startNginx } from './nginx.ts';

/** The service behind every server that is measured. */
export interface Upstream {
  readonly url: string;
  readonly port: number;
}

/** What requests are for; answered with `ANSWER`, as is any other path but those below. */
export const PATH = '/api/v1/orders/7';
/** Answers GET with a file of `MEGABYTE` bytes. */
export const FILE_PATH = '/api/v1/orders/file';
/** Reads a whole body, in memory up to 2 MiB, and then answers with `ANSWER`. */
export const UPLOAD_PATH = '/api/v1/orders/upload';
/** Answer GET with a file of as many bytes. */
export const SIZED_PATHS = { 4096: '/api/v1/orders/file-4k', 65536: '/api/v1/orders/file-64k' } as const;
/** Answers with the body of the request. */
export const ECHO_PATH = '/api/v1/orders/echo';
/** Answers with the values of all fields that some service would read as `X-User-Id`, as a JSON list. */
export const USER_ID_PATH = '/api/v1/orders/user-id';
export const MEGABYTE = 1_048_576;

/** 130 bytes of JSON. */
export const ANSWER = JSON.stringify({
  id: 7,
  status: 'shipped',
  items: [{ sku: 'K-1024', count: 2 }],
  total: '49.90 EUR',
  placed: '2026-01-05T09:30:00Z',
  note: 'door',
});

/** Starts it: nginx on the load core, which answers from its configuration, but for user ids. */
export async function startUpstream(scope: Scope, core: number): Promise<Upstream> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const userIds = await httpUpstream(scope, ({ rawHeaders }, res) => {
    // nginx itself would name one value only.
    res.end(JSON.stringify(rawHeaders.filter((_, i) => i % 2 === 1 && isUserId(rawHeaders[i - 1]))));
  });
  const echo = await httpUpstream(scope, (req, res) => void req.pipe(res));
  await startNginx(scope, { name: 'the upstream', core, answersAt: url }, async (folder) => {
    await writeFile(join(folder, 'file'), Buffer.alloc(MEGABYTE, 'gatehouse'));
    for (const [length, path] of Object.entries(SIZED_PATHS)) {
      await writeFile(join(folder, basename(path)), Buffer.alloc(Number(length), 'gatehouse'));
    }
    const sized = Object.values(SIZED_PATHS).map(
      (path) => `location = ${path} { alias ${join(folder, basename(path))}; }`,
    );
    // Passing a request on without its body makes nginx read the body first; an answer by `return` would not wait for it.
    return `
  default_type application/json;
  sendfile on;
  client_max_body_size 0;
  underscores_in_headers on;
  client_body_buffer_size 2m;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / { return 200 '${ANSWER}'; }
    location = ${FILE_PATH} { alias ${join(folder, 'file')}; }
    ${sized.join('\n    ')}
    location = ${ECHO_PATH} { proxy_pass ${echo.url}; }
    location = ${USER_ID_PATH} { proxy_pass ${userIds.url}; }
    location = ${UPLOAD_PATH} {
      proxy_pass ${url}/;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
    }
  }`;
  });
  return { url, port };
}

/** CGI, WSGI and Rack make one variable of both spellings. */
function isUserId(name = ''): boolean {
  return name.toLowerCase().replaceAll('_', '-') === 'x-user-id';
}
