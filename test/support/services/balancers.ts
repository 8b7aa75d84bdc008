import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperatorError } from '../../../gateway/domain/errors.ts';
import { aptInstall } from '../../lab/packages/apt.ts';
import { startProcess } from '../../lab/processes/server-process.ts';
import type { Scope } from '../../lab/scope.ts';
import { findPackaged } from './packaged.ts';

/** HAProxy with these sections, in a folder of its own. It answers when its ports do. */
export async function startHaproxy(t: Scope, sections: string): Promise<void> {
  const program = await findPackaged('haproxy');
  const file = join(folderFor(t, 'haproxy'), 'haproxy.cfg');
  writeFileSync(file, `defaults\n  timeout connect 10s\n  timeout client 60s\n  timeout server 60s\n${sections}`);
  run(t, program, ['-db', '-f', file]);
}

/** Where Debian's package puts the module that other builds of nginx have built in. */
const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';

/** nginx with these contents of `stream { }` and `http { }`. */
export async function startNginx(t: Scope, stream: string, http: string): Promise<void> {
  const program = await findPackaged('nginx');
  if (existsSync('/etc/debian_version') && !existsSync(STREAM_MODULE)) {
    const failure = await aptInstall('the stream module of nginx', 'libnginx-mod-stream');
    if (failure !== null) throw new OperatorError(`The tests need libnginx-mod-stream: ${failure}`);
  }
  const folder = folderFor(t, 'nginx');
  mkdirSync(join(folder, 'temporary'));
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `${existsSync(STREAM_MODULE) ? `load_module ${STREAM_MODULE};` : ''}
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${join(folder, 'pid')};
error_log stderr error;
events { }
stream { ${stream} }
http {
  ${kinds.map((kind) => `${kind}_temp_path ${join(folder, 'temporary', kind)};`).join('\n  ')}
  access_log off;
  ${http}
}
`,
  );
  run(t, program, ['-p', folder, '-c', file, '-e', 'stderr']);
}

function folderFor(t: Scope, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `gatehouse-${name}-`));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function run(t: Scope, program: string, args: readonly string[]): void {
  const started = startProcess(program, args);
  t.teardown(() => started.end('SIGTERM'));
  // A full pipe would stop it.
  started.stdout.resume();
  started.stderr.resume();
}
