import { request } from 'node:http';

/** An answer, as a client reads it. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** The values of a field, one for each line. */
  values(name: string): string[];
}

export interface Asked {
  readonly method?: string;
  /** As sent in the request line. */
  readonly target: string;
  readonly host?: string;
  readonly authorization?: string;
  /** Further lines, such as `X_User_Id: 2`. */
  readonly lines?: readonly string[];
  readonly body?: string | Buffer;
  /** The client's own address. */
  readonly from?: string;
}

/** Not that of the proxies, which the gateway trusts. */
export const CLIENT = '127.0.0.2';
const LIMIT = 20_000;

/** Sends one request, on a connection of its own. */
export function ask(
  port: number,
  { method = 'GET', target, host = 'api.example.com', authorization, lines = [], body, from = CLIENT }: Asked,
): Promise<Answer> {
  const headers = ['Host', host, 'Connection', 'close'];
  if (authorization !== undefined) headers.push('Authorization', authorization);
  if (body !== undefined) headers.push('Content-Length', String(Buffer.byteLength(body)));
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.push(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, method, path: target, headers, localAddress: from, agent: false, timeout: LIMIT },
      async (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('error', reject);
        for await (const piece of answer) text += piece;
        const { rawHeaders, statusCode = 0 } = answer;
        const values = (name: string) =>
          rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name.toLowerCase());
        resolve({ status: statusCode, body: text, values });
      },
    );
    asked.on('timeout', () => asked.destroy(new Error(`no answer to ${method} ${target} within ${LIMIT} ms`)));
    asked.on('error', reject);
    asked.end(body);
  });
}

/** What of a refusal tells a client what to do. */
export function refusal({ status, body, values }: Answer): object {
  return {
    status,
    body,
    type: values('content-type'),
    challenges: values('www-authenticate'),
    allow: values('allow'),
    retryAfter: values('retry-after'),
    caching: values('cache-control'),
  };
}
