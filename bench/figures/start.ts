import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { inScope } from '../../test/lab/open-scope.ts';
import { freePort } from '../../test/lab/processes/free-port.ts';
import type { Scope } from '../../test/lab/scope.ts';
import type { Figure, Row } from '../harness/figure.ts';
import type { Lab } from '../harness/lab.ts';
import { startServer } from '../harness/server.ts';
import { median, spreadOf } from '../harness/statistics.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

const MAIN = resolve(import.meta.dirname, '../../gateway/main.ts');
const STARTS = 7;
/** Milliseconds until it is ready. */
const AIM = 1_000;

/** Of one start, in milliseconds. */
interface Started {
  readonly taken: number;
  readonly cpu: number;
}

/** How long a start takes, the first of an installation and those after it. */
export const start: Figure = {
  name: 'start',
  title: 'Start with SQLite',
  method: `${STARTS} starts of each kind on one core, each in an empty folder: the database and the token secret are made, and everything but the ports and one route is as it comes. The first of an installation has to compile all sources (\`NODE_DISABLE_COMPILE_CACHE=1\`); a later one finds what an earlier one has kept of that. From the call that starts Node until \`/health/ready\` says 200, asked every 25 ms.`,
  async measure(scope, lab) {
    const several = async (env: Record<string, string>) => {
      const starts: Started[] = [];
      for (let i = 0; i < STARTS; i++) starts.push(await inScope(scope, (own) => startOnce(own, lab, env)));
      return starts;
    };
    const first = await several({ NODE_DISABLE_COMPILE_CACHE: '1' });
    // Node keeps what it has compiled when it ends.
    await inScope(scope, (own) => startOnce(own, lab, {}));
    return [rowOf('first start to ready', first), rowOf('later start to ready', await several({}))];
  },
};

async function startOnce(scope: Scope, lab: Lab, env: Record<string, string>): Promise<Started> {
  const folder = temporaryFolder(scope);
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
  const server = await startServer(scope, {
    name: 'a gateway with SQLite',
    command: process.execPath,
    args: [MAIN, 'start', '--config', file],
    env: { NODE_ENV: 'production', ...env },
    core: lab.cores.server,
    answersAt: `http://127.0.0.1:${opsPort}/health/ready`,
  });
  return { taken: performance.now() - begun, cpu: server.cpu() };
}

function rowOf(what: string, starts: readonly Started[]): Row {
  return {
    what,
    value: spreadOf(starts.map(({ taken }) => taken)),
    unit: 'ms',
    aim: { kind: 'at most', value: AIM },
    note: `${median(starts.map(({ cpu }) => cpu))} ms of CPU time`,
  };
}
