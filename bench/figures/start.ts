import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from '../../test/support/services/free-port.ts';
import type { Figure } from '../lab/figure.ts';
import { inScope } from '../lab/scope.ts';
import { startServer } from '../lab/server.ts';
import { spreadOf } from '../lab/statistics.ts';
import { temporaryFolder } from '../lab/temporary-folder.ts';

const MAIN = resolve(import.meta.dirname, '../../gateway/main.ts');
const STARTS = 7;

/** How long a first start takes. */
export const start: Figure = {
  name: 'start',
  title: 'Start with SQLite',
  method: `${STARTS} starts on one core, each in an empty folder: the database and the token secret are made, and everything but the ports and one route is as it comes. From the call that starts Node until \`/health/ready\` says 200, asked every 25 ms.`,
  async measure(scope, lab) {
    const starts: { readonly taken: number; readonly cpu: number }[] = [];
    for (let i = 0; i < STARTS; i++) {
      starts.push(
        await inScope(scope, async (own) => {
          const folder = temporaryFolder(own);
          const [port, opsPort] = [await freePort(), await freePort()];
          const file = join(folder, 'gateway.yaml');
          const settings = {
            listen: { port },
            ops: { port: opsPort },
            database: { url: `sqlite:${join(folder, 'gatehouse.sqlite')}` },
            routes: [{ name: 'orders', path: '/api/v1/orders', upstream: lab.upstream.url }],
          };
          await writeFile(file, stringify(settings));
          const begun = performance.now();
          const server = await startServer(own, {
            name: 'a gateway with SQLite',
            command: process.execPath,
            args: [MAIN, 'start', '--config', file],
            env: { NODE_ENV: 'production' },
            core: lab.cores.server,
            answersAt: `http://127.0.0.1:${opsPort}/health/ready`,
          });
          return { taken: performance.now() - begun, cpu: server.cpu() };
        }),
      );
    }
    return [
      {
        what: 'start to ready',
        value: spreadOf(starts.map(({ taken }) => taken)),
        unit: 'ms',
        aim: { kind: 'at most', value: 1_000 },
        note: `${spreadOf(starts.map(({ cpu }) => cpu)).median} ms of CPU time`,
      },
    ];
  },
};
