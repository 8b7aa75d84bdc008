import { appendFileSync, globSync } from 'node:fs';
import { inScope } from '../../test/lab/open-scope.ts';
import type { Scope } from '../../test/lab/scope.ts';
import { prepareOutput, print, runCommand, WrongUse } from '../command-line.ts';
import { Random, seedOf } from '../random.ts';
import { runBatch } from './batch.ts';
import { startLoad } from './load.ts';
import { HELP, type Options, parseOptions } from './options.ts';
import { VARIANTS } from './variants.ts';

interface Flaky {
  readonly failed: Map<string, number>;
  readonly report: string;
}

function shuffled(files: readonly string[], seed: number): string[] {
  const random = new Random(seed);
  const order = files.map((file) => ({ file, place: random.below(1 << 30) }));
  return order.sort((a, b) => a.place - b.place).map(({ file }) => file);
}

async function run(scope: Scope, signal: AbortSignal, options: Options): Promise<number> {
  const { patterns, times, minutes, load, atOnce, batch: size, seed, out } = options;
  const files = globSync(patterns).sort();
  if (files.length === 0) {
    throw new WrongUse(`no test file matches ${patterns.join(' ')}; name files such as test/http/target.test.ts`);
  }
  prepareOutput('file', out);
  const end = performance.now() + minutes * 60_000;
  const goesOn = () => !signal.aborted && performance.now() < end;
  const flaky = new Map<string, Flaky>();
  const runsBy = new Map<string, number>();
  scope.teardown(startLoad(load));
  print(`${files.length} files, ${times} times, seed ${seed}; failures: ${out}`);

  for (let round = 0; round < times && goesOn(); round += 1) {
    const variant = VARIANTS[round % VARIANTS.length] ?? VARIANTS[0];
    const order = shuffled(files, seedOf(seed, round));
    for (let from = 0; from < order.length && goesOn(); from += size) {
      const batch = order.slice(from, from + size);
      const { tests, failures } = await inScope(scope, (own) => runBatch(own, batch, variant, atOnce));
      runsBy.set(variant.name, (runsBy.get(variant.name) ?? 0) + batch.length);
      print(`round ${round + 1}, ${variant.name}: ${batch.length} files, ${tests} tests, ${failures.length} failed`);
      for (const { name, report } of failures) {
        print(`  FAILED ${name}`);
        appendFileSync(out, `${JSON.stringify({ round: round + 1, variant: variant.name, name, report })}\n`);
        const known = flaky.get(name) ?? { failed: new Map<string, number>(), report };
        known.failed.set(variant.name, (known.failed.get(variant.name) ?? 0) + 1);
        flaky.set(name, known);
      }
    }
  }

  print(`\nruns of files: ${[...runsBy].map(([name, count]) => `${count} ${name}`).join(', ')}`);
  for (const [name, { failed, report }] of flaky) {
    print(`\n${name}\n  failed ${[...failed].map(([variant, count]) => `${count}× ${variant}`).join(', ')}`);
    print(report.trimEnd().replace(/^/gm, '  '));
  }
  if (flaky.size > 0)
    print(`\nthe same order: npm run races -- --seed ${seed} --times ${times} --batch ${size} ${patterns.join(' ')}`);
  print(flaky.size === 0 ? 'no test failed' : `${flaky.size} tests failed at least once`);
  return flaky.size === 0 ? 0 : 1;
}

await runCommand(async (scope, signal) => {
  const options = parseOptions(process.argv.slice(2), Date.now());
  if (options !== 'help') return await run(scope, signal, options);
  print(HELP);
  return 0;
});
