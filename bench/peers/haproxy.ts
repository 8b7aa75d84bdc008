import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../test/lab/processes/free-port.ts';
import { SECRET } from '../harness/lab.ts';
import { startServer } from '../harness/server.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';
import type { Peer } from './peer.ts';
import { executable, programVersion } from './versions.ts';

export const haproxy: Peer = {
  name: 'haproxy',
  label: 'HAProxy jwt_verify',
  does: 'verifies the JWT (HS256, exp) and looks its id up in a map of revoked ones, loaded at the start; one thread, no log. C, the bar',
  credential: 'token',
  knowsRevocations: true,
  userId: 'id',
  aim: 0.7,
  needs: ['haproxy'],
  versions: async () => `HAProxy ${await programVersion(executable('haproxy'), '-v')}`,
  async start(scope, lab, { revoked }) {
    const folder = temporaryFolder(scope);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const [file, map] = [join(folder, 'haproxy.cfg'), join(folder, 'revoked.map')];
    await writeFile(map, `${revoked.id} 1\n`);
    await writeFile(file, configuration(port, lab.upstream.port, map));
    const { cpu } = await startServer(scope, {
      name: 'HAProxy',
      command: executable('haproxy'),
      args: ['-db', '-f', file],
      core: lab.cores.server,
      answersAt: url,
    });
    return { url, cpu };
  },
};

function configuration(port: number, upstream: number, map: string): string {
  return `
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  http-reuse always
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend gateway
  bind 127.0.0.1:${port}
  http-request del-header X-User-Id
  http-request set-var(txn.token) http_auth_bearer
  http-request set-var(txn.now) date()
  http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')
  http-request deny deny_status 401 unless { var(txn.token),jwt_header_query('$.alg') -m str HS256 }
  http-request deny deny_status 401 unless { var(txn.token),jwt_verify("HS256","${SECRET}") -m int 1 }
  http-request deny deny_status 401 unless { var(txn.exp),sub(txn.now) -m int gt 0 }
  http-request deny deny_status 401 if { var(txn.token),jwt_payload_query('$.jti'),map_str(${map}) -m found }
  http-request set-header X-User-Id %[var(txn.token),jwt_payload_query('$.sub')]
  http-request del-header Authorization
  default_backend orders
backend orders
  server orders 127.0.0.1:${upstream}
`;
}
