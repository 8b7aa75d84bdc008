import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '../../gateway/domain/errors.ts';
import { findExecutable } from '../../test/lab/packages/executables.ts';
import type { Scope } from '../../test/lab/scope.ts';
import { type Server, startServer } from './server.ts';
import { temporaryFolder } from './temporary-folder.ts';

/**
 * Starts an nginx with one worker that shares nothing with one of the system: configuration, pid file and temporary files
 * are its own. Connections are kept alive without limit, to
 * upstreams too, and nothing is logged.
 *
 * @param http what stands in `http { }`, made for a folder of its own
 */
export async function startNginx(
  scope: Scope,
  { name, core, answersAt }: { readonly name: string; readonly core: number; readonly answersAt: string },
  http: (folder: string) => string | Promise<string>,
): Promise<Server> {
  const nginx = findExecutable('nginx');
  if (nginx === null) throw new OperatorError('nginx is missing.');
  const folder = temporaryFolder(scope);
  await mkdir(join(folder, 'logs'));
  const file = join(folder, 'nginx.conf');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(folder, kind)};`,
  );
  await writeFile(
    file,
    `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${join(folder, 'nginx.pid')};
error_log stderr warn;
events { worker_connections 16384; }
http {
  ${paths.join('\n  ')}
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  tcp_nodelay on;
  proxy_buffers 32 4k;
  proxy_max_temp_file_size 0;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  ${await http(folder)}
}
`,
  );
  const args = ['-p', folder, '-c', file, '-e', 'stderr'];
  return await startServer(scope, { name, command: nginx, args, core, answersAt });
}
