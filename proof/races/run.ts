import { appendFileSync, globSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random, seedOf } from '../random.ts';
import { runBatch } from './batch.ts';
import { startLoad } from './load.ts';
import { VARIANTS } from './variants.ts';

const HELP = `Usage: npm run races -- [options] [FILE …]
Runs test files many times beside processes that keep the processors busy, in turns as they are, with V8 on one thread, and
with little room for new objects. Lists the tests that failed in some of the runs.

  FILE …       patterns; default: test/**/*.test.ts
  --times N    runs of each file (default 50)
  --minutes N  begins no further run after this time
  --load N     processes that keep a processor busy (default 1; 0: none)
  --at-once N  test files at a time (default 4)
  --batch N    files that share a run, in an order that changes from run to run (default 24)
  --seed N     of that order (default: the time)
  --out FILE   every failure as a line of JSON (default: in the temporary folder)
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    times: { type: 'string', default: '50' },
    minutes: { type: 'string', default: '100000' },
    load: { type: 'string', default: '1' },
    'at-once': { type: 'string', default: '4' },
    batch: { type: 'string', default: '24' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    out: { type: 'string', default: join(tmpdir(), `gatehouse-races-${process.pid}.jsonl`) },
    help: { type: 'boolean' },
  },
});

interface Flaky {
  readonly failed: Map<string, number>;
  readonly report: string;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function shuffled(files: readonly string[], seed: number): string[] {
  const random = new Random(seed);
  const order = files.map((file) => ({ file, place: random.below(1 << 30) }));
  return order.sort((a, b) => a.place - b.place).map(({ file }) => file);
}

async function main(): Promise<number> {
  if (values.help === true) {
    print(HELP);
    return 0;
  }
  const patterns = positionals.length === 0 ? ['test/**/*.test.ts'] : positionals;
  const files = globSync(patterns).sort();
  if (files.length === 0) {
    process.stderr.write(`no test file matches ${patterns.join(' ')}; name files such as test/http/target.test.ts\n`);
    return 2;
  }
  const [seed, times, size] = [Number(values.seed), Number(values.times), Number(values.batch)];
  const end = performance.now() + Number(values.minutes) * 60_000;
  const flaky = new Map<string, Flaky>();
  const runsBy = new Map<string, number>();
  const stopLoad = startLoad(Number(values.load));
  print(`${files.length} files, ${times} times, seed ${seed}; failures: ${values.out}`);

  for (let round = 0; round < times && performance.now() < end; round += 1) {
    const variant = VARIANTS[round % VARIANTS.length] ?? VARIANTS[0];
    const order = shuffled(files, seedOf(seed, round));
    for (let from = 0; from < order.length && performance.now() < end; from += size) {
      const batch = order.slice(from, from + size);
      const { tests, failures } = await runBatch(batch, variant, Number(values['at-once']));
      runsBy.set(variant.name, (runsBy.get(variant.name) ?? 0) + batch.length);
      print(`round ${round + 1}, ${variant.name}: ${batch.length} files, ${tests} tests, ${failures.length} failed`);
      for (const { name, report } of failures) {
        print(`  FAILED ${name}`);
        appendFileSync(values.out, `${JSON.stringify({ round: round + 1, variant: variant.name, name, report })}\n`);
        const known = flaky.get(name) ?? { failed: new Map<string, number>(), report };
        known.failed.set(variant.name, (known.failed.get(variant.name) ?? 0) + 1);
        flaky.set(name, known);
      }
    }
  }
  stopLoad();

  print(`\nruns of files: ${[...runsBy].map(([name, count]) => `${count} ${name}`).join(', ')}`);
  for (const [name, { failed, report }] of flaky) {
    print(`\n${name}\n  failed ${[...failed].map(([variant, count]) => `${count}× ${variant}`).join(', ')}`);
    print(report.trimEnd().replace(/^/gm, '  '));
  }
  print(flaky.size === 0 ? 'no test failed' : `${flaky.size} tests failed at least once`);
  return flaky.size === 0 ? 0 : 1;
}

process.exitCode = await main();
