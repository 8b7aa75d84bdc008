import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashPassword } from '../../gateway/identify/passwords/password.ts';
import { ADA } from '../../test/lab/gateways/gateway.ts';
import { freePort } from '../../test/lab/processes/free-port.ts';
import { startNginx } from '../harness/nginx.ts';
import { service } from './nginx-service.ts';
import type { Peer } from './peer.ts';
import { executable, programVersion } from './versions.ts';

const COST = 10;

export const nginxAuthBasic: Peer = {
  name: 'nginx-auth-basic',
  label: 'nginx auth_basic',
  does: `checks the password against a bcrypt hash of cost ${COST}, for each request anew; no log`,
  credential: 'password',
  knowsRevocations: false,
  userId: 'email',
  aim: 500,
  needs: ['nginx'],
  versions: async () => `nginx ${await programVersion(executable('nginx'), '-v')}`,
  async start(scope, lab) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const hash = await hashPassword(ADA.password, COST);
    const http = async (folder: string) => {
      await writeFile(join(folder, 'passwords'), `${ADA.email}:${hash}\n`);
      return `
  ${service('orders', lab.upstream.port)}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      auth_basic api;
      auth_basic_user_file passwords;
      proxy_set_header Connection "";
      proxy_set_header Authorization "";
      proxy_set_header X-User-Id $remote_user;
      proxy_pass http://orders;
    }
  }`;
    };
    const { cpu } = await startNginx(scope, { name: 'nginx auth_basic', core: lab.cores.server, answersAt: url }, http);
    return { url, cpu };
  },
};
