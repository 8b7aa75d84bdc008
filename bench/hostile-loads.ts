import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stringify } from 'yaml';
import { inScope, openScope } from '../test/lab/open-scope.ts';
import { freePort } from '../test/lab/processes/free-port.ts';
import type { Scope } from '../test/lab/scope.ts';
import { programArguments } from './harness/arguments.ts';
import { findCores, moveTo } from './harness/cores.ts';
import { type Server, startServer } from './harness/server.ts';
import { LOADS, startHostileUpstream } from './load/hostile.ts';

/** What hostile peers cost the gateway: memory, CPU time, and how long they last. With the fast path and without. */

programArguments('node bench/hostile-loads.ts');

const MAIN = resolve(import.meta.dirname, '../gateway/main.ts');
/** Milliseconds between two looks at the memory. */
const LOOK = 100;

interface Cost {
  readonly outcome: string;
  /** Most memory beyond that of the idle process, in bytes. */
  readonly memory: number;
  /** Most memory outside of the heap, in bytes. */
  readonly external: number;
  /** Milliseconds. */
  readonly cpu: number;
  readonly time: number;
}

const scope = openScope();
try {
  const cores = findCores();
  await moveTo(cores.load);
  const upstream = await startHostileUpstream(scope);
  console.log(
    '| load | fast path | outcome | memory | external | CPU | time |\n| --- | --- | --- | --: | --: | --: | --: |',
  );
  for (const { name, path, run } of LOADS) {
    for (const fastPath of [true, false]) {
      const cost = await inScope(scope, async (own) => {
        const gateway = await startGateway(own, cores.server, `${upstream}${path}`, fastPath);
        return await costOf(gateway, () => run(gateway.port));
      });
      console.log(`| ${[name, fastPath ? 'yes' : 'no', ...cellsOf(cost)].join(' | ')} |`);
    }
  }
} finally {
  await scope.close();
}

function cellsOf({ outcome, memory, external, cpu, time }: Cost): string[] {
  const megabytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MB`;
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  return [outcome, megabytes(memory), megabytes(external), seconds(cpu), seconds(time)];
}

interface Gateway extends Server {
  readonly port: number;
  readonly opsUrl: string;
}

/** One with SQLite, and one open route for everything. */
async function startGateway(own: Scope, core: number, upstream: string, fastPath: boolean): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-hostile-'));
  own.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const [port, opsPort] = [await freePort(), await freePort()];
  const file = join(folder, 'gateway.yaml');
  const settings = {
    listen: { port, fastPath },
    ops: { port: opsPort },
    database: { url: `sqlite:${join(folder, 'gateway.sqlite')}` },
    log: { level: 'error' },
    routes: [{ name: 's', path: '/s', upstream, auth: 'none' }],
  };
  writeFileSync(file, stringify(settings));
  const opsUrl = `http://127.0.0.1:${opsPort}`;
  const server = await startServer(own, {
    name: 'the gateway',
    command: process.execPath,
    args: [MAIN, 'start', '--config', file],
    env: { NODE_ENV: 'production' },
    core,
    answersAt: `${opsUrl}/health/ready`,
  });
  return { ...server, port, opsUrl };
}

async function costOf(gateway: Gateway, run: () => Promise<string>): Promise<Cost> {
  const [cpu, memory, external] = [gateway.cpu(), gateway.memory(), await externalOf(gateway)];
  const start = performance.now();
  let most = memory;
  let mostExternal = external;
  let outcome: string | null = null;
  const running = run().then((text) => {
    outcome = text;
  });
  while (outcome === null) {
    most = Math.max(most, gateway.memory());
    mostExternal = Math.max(mostExternal, await externalOf(gateway));
    await Promise.race([running, pause(LOOK)]);
  }
  const time = performance.now() - start;
  return { outcome, memory: most - memory, external: mostExternal - external, cpu: gateway.cpu() - cpu, time };
}

/** Memory of buffers, as the metrics of the gateway have it. */
async function externalOf({ opsUrl }: Gateway): Promise<number> {
  const text = await (await fetch(`${opsUrl}/metrics`)).text();
  return Number(/^nodejs_external_memory_bytes(?:\{.*\})? (\S+)$/m.exec(text)?.[1] ?? Number.NaN);
}
