import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { HEAP_FLAGS } from '../../gateway/cli/node-flags.ts';
import { freePort } from '../../test/lab/processes/free-port.ts';
import { SECRET } from '../harness/lab.ts';
import { MODULES } from '../harness/packages.ts';
import { startServer } from '../harness/server.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';
import type { Peer } from './peer.ts';
import { packageVersions } from './versions.ts';

const PACKAGE = join(MODULES, 'express-gateway');

export const expressGateway: Peer = {
  name: 'express-gateway',
  label: 'Express Gateway',
  does: 'its jwt policy verifies the JWT, its proxy policy forwards; asks nobody whether it is revoked, sets no X-User-Id; no log',
  credential: 'token',
  knowsRevocations: false,
  userId: null,
  aim: 5,
  needs: ['npm packages'],
  versions: () => packageVersions('peers', 'express-gateway'),
  async start(scope, lab) {
    const folder = temporaryFolder(scope);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    await cp(join(PACKAGE, 'lib/config'), folder, { recursive: true });
    await writeFile(join(folder, 'gateway.config.yml'), stringify(configuration(port, lab.upstream.url)));
    const { cpu } = await startServer(scope, {
      name: 'Express Gateway',
      command: process.execPath,
      args: [...HEAP_FLAGS, join(PACKAGE, 'lib/index.js')],
      env: { NODE_ENV: 'production', LOG_LEVEL: 'error', EG_CONFIG_DIR: folder, EG_DISABLE_CONFIG_WATCH: '1' },
      core: lab.cores.server,
      answersAt: url,
    });
    return { url, cpu };
  },
};

/** Without the admin API. The store of users and applications, which this policy is told not to ask, is emulated. */
function configuration(port: number, upstream: string): object {
  const jwt = {
    secretOrPublicKey: SECRET,
    algorithms: ['HS256'],
    issuer: 'gatehouse',
    audience: 'gatehouse:api',
    checkCredentialExistence: false,
  };
  return {
    http: { port, hostname: '127.0.0.1' },
    apiEndpoints: { api: { host: '*' } },
    serviceEndpoints: { orders: { url: upstream } },
    policies: ['jwt', 'proxy'],
    pipelines: {
      api: {
        apiEndpoints: ['api'],
        policies: [{ jwt: [{ action: jwt }] }, { proxy: [{ action: { serviceEndpoint: 'orders' } }] }],
      },
    },
  };
}
