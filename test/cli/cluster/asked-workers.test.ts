import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { gateways } from '../../lab/gateways/nodes.ts';
import { HERE, type Place } from '../../lab/processes/place.ts';
import { temporaryDatabase } from '../../lab/stores/database.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { PROMISES_FILE } from '../../support/processes/promise-count.ts';

const PROMISE_COUNT = fileURLToPath(new URL('../../support/processes/promise-count.ts', import.meta.url));
const SCRAPES = 100;

test('a primary that asks its workers for metrics and readiness keeps nothing of the answers', async (t) => {
  const upstream = await httpUpstream(t);
  const group = await gateways(t, {
    location: await temporaryDatabase(t, 'sqlite'),
    redis: '',
    upstream: upstream.url,
  });
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-promises-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'promises');
  const counted: Place = {
    ...HERE,
    command: (program, args) => ['env', [`${PROMISES_FILE}=${file}`, program, '--import', PROMISE_COUNT, ...args]],
  };
  const node = await group.start('A', { workers: 2 }, 0, counted);
  const scrape = async () => {
    for (let i = 0; i < SCRAPES; i++) {
      await (await fetch(`${node.opsUrl}/metrics`)).text();
      await (await fetch(`${node.opsUrl}/health/ready`)).text();
    }
  };
  const counts: number[] = [];
  for (let round = 0; round < 3; round++) {
    await scrape();
    process.kill(node.pid, 'SIGUSR2');
    const lines = () => readFileSync(file, { encoding: 'utf8', flag: 'a+' }).split('\n').slice(0, -1);
    await holds('the promises are counted', () => lines().length > round);
    counts.push(Number(lines().at(-1)));
  }
  const [, before = 0, after = 0] = counts;
  t.true(before > 0);
  // Each question to a worker once left a promise: 400 in a round.
  t.true(after - before < SCRAPES / 2, String(counts));
});
