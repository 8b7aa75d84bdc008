import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashPassword } from '../../gateway/identify/passwords/password.ts';
import { ADA } from '../../test/lab/gateways/gateway.ts';
import { freePort } from '../../test/lab/processes/free-port.ts';
import { startServer } from '../harness/server.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';
import type { Peer } from './peer.ts';
import { executable, programVersion } from './versions.ts';

const COST = 10;

export const caddy: Peer = {
  name: 'caddy',
  label: 'Caddy basic_auth',
  does: `checks the password against a bcrypt hash of cost ${COST} once, then by its cache, warmed by one request first; GOMAXPROCS=1, no log`,
  credential: 'password',
  knowsRevocations: false,
  userId: 'email',
  aim: 2.4,
  needs: ['caddy'],
  versions: async () => `Caddy ${await programVersion(executable('caddy'), 'version')}`,
  async start(scope, lab) {
    const folder = temporaryFolder(scope);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const file = join(folder, 'caddy.json');
    const hash = await hashPassword(ADA.password, COST);
    await writeFile(file, JSON.stringify(configuration(folder, port, lab.upstream.port, hash)));
    const { cpu } = await startServer(scope, {
      name: 'Caddy',
      command: executable('caddy'),
      args: ['run', '--config', file],
      env: { GOMAXPROCS: '1', HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
      core: lab.cores.server,
      answersAt: url,
    });
    return { url, cpu };
  },
};

/** As JSON, which all versions of Caddy 2 read alike; the directive of its Caddyfile has changed its name. */
function configuration(folder: string, port: number, upstream: number, hash: string): object {
  const accounts = [{ username: ADA.email, password: Buffer.from(hash).toString('base64') }];
  const authentication = {
    handler: 'authentication',
    providers: { http_basic: { hash: { algorithm: 'bcrypt' }, accounts, hash_cache: {} } },
  };
  const forwarding = {
    handler: 'reverse_proxy',
    headers: { request: { set: { 'X-User-Id': ['{http.auth.user.id}'] }, delete: ['Authorization'] } },
    transport: {
      protocol: 'http',
      // Or it would ask the upstream for gzip, which none of the others does.
      compression: false,
      keep_alive: { enabled: true, max_idle_conns: 256, max_idle_conns_per_host: 128, idle_timeout: '1h' },
    },
    upstreams: [{ dial: `127.0.0.1:${upstream}` }],
  };
  const server = {
    listen: [`127.0.0.1:${port}`],
    automatic_https: { disable: true },
    routes: [{ handle: [authentication, forwarding] }],
  };
  return {
    admin: { disabled: true, config: { persist: false } },
    logging: { logs: { default: { level: 'ERROR' } } },
    storage: { module: 'file_system', root: folder },
    apps: { http: { servers: { gateway: server } } },
  };
}
