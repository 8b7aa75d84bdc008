import { freePort } from '../../test/lab/processes/free-port.ts';
import { startNginx } from '../harness/nginx.ts';
import { service } from './nginx-service.ts';
import type { Peer } from './peer.ts';
import { executable, programVersion } from './versions.ts';

export const nginx: Peer = {
  name: 'nginx',
  label: 'nginx proxy_pass',
  does: 'forwards, and nothing else: no authentication, no log. C, the limit',
  credential: 'none',
  knowsRevocations: false,
  userId: null,
  aim: null,
  needs: ['nginx'],
  versions: async () => `nginx ${await programVersion(executable('nginx'), '-v')}`,
  async start(scope, lab) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const http = () => `
  ${service('orders', lab.upstream.port)}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / { proxy_pass http://orders; }
  }`;
    const { cpu } = await startNginx(scope, { name: 'nginx', core: lab.cores.server, answersAt: url }, http);
    return { url, cpu };
  },
};
