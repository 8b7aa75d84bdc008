import { freePort } from '../../test/lab/processes/free-port.ts';
import { SECRET } from '../harness/lab.ts';
import { startNginx } from '../harness/nginx.ts';
import { service } from './nginx-service.ts';
import { startNodeProgram } from './node-program.ts';
import type { Peer } from './peer.ts';
import { executable, packageVersions, programVersion } from './versions.ts';

export const nginxAuthRequest: Peer = {
  name: 'nginx-auth-request',
  label: 'nginx auth_request + Koa service',
  does: 'nginx asks a Koa service, which verifies the JWT and asks Redis whether it is revoked; both on the one core; no log',
  credential: 'token',
  knowsRevocations: true,
  userId: 'id',
  aim: 2.2,
  needs: ['nginx'],
  versions: async () => {
    const packages = await packageVersions('gateway', 'koa', 'jsonwebtoken', 'ioredis');
    return `nginx ${await programVersion(executable('nginx'), '-v')}, ${packages}`;
  },
  async start(scope, lab) {
    const auth = await startNodeProgram(scope, lab, 'programs/auth-service.ts', [lab.redisUrl, SECRET]);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const http = () => `
  ${service('orders', lab.upstream.port)}
  ${service('auth', auth.port)}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      auth_request /auth;
      auth_request_set $user $upstream_http_x_user_id;
      proxy_set_header Connection "";
      proxy_set_header Authorization "";
      proxy_set_header X-User-Id $user;
      proxy_pass http://orders;
    }
    location = /auth {
      internal;
      proxy_set_header Connection "";
      proxy_set_header Content-Length "";
      proxy_pass_request_body off;
      proxy_pass http://auth;
    }
  }`;
    const server = { name: 'nginx auth_request', core: lab.cores.server, answersAt: url };
    const nginx = await startNginx(scope, server, http);
    return { url, cpu: () => nginx.cpu() + auth.cpu() };
  },
};
