import { once } from 'node:events';
import { openScope } from '../../test/lab/open-scope.ts';
import { createHistoryJudge, type Judge } from './judge.ts';
import type { Line } from './line.ts';
import { makeHistory } from './live.ts';
import { HELP, type LiveOptions, parseOptions } from './options.ts';
import { readHistory } from './read.ts';
import { createSummary } from './summary.ts';

/** Violations that are printed. */
const SHOWN = 50;
/** As shells count it. */
const INTERRUPTED = 130;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Judges lines as they come, and prints the run and its faults. */
function observe(): { see(line: Line): void; conclude(): number } {
  const judge: Judge = createHistoryJudge();
  const summary = createSummary();
  let known = 0;
  return {
    see(line) {
      judge.see(line);
      summary.see(line);
      if (line.type === 'run')
        print(`seed ${line.seed}, ${line.database}, ${line.hasRedis ? 'Redis' : 'no Redis'}, ${line.network}`);
      if (line.type === 'fault') print(`  ${clock(line.at)}  ${line.text}`);
      for (; known < Math.min(SHOWN, judge.violations.length); known += 1) {
        print(`  VIOLATION ${judge.violations[known]?.text}`);
      }
    },
    conclude() {
      for (const line of summary.lines(judge.spread)) print(line);
      const starved = Math.round(judge.starved() / 1_000);
      if (starved > 0) print(`for ${starved} s a gateway hardly got a processor: nothing had to be available then`);
      const count = judge.violations.length;
      for (const { text } of judge.violations.slice(known, SHOWN)) print(`  VIOLATION ${text}`);
      if (count > SHOWN) print(`  and ${count - SHOWN} more`);
      print(`${count} violations`);
      return count;
    },
  };
}

function clock(at: number): string {
  return `${(at / 1_000).toFixed(1).padStart(7)} s`;
}

async function live(options: LiveOptions): Promise<number> {
  const scope = openScope();
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  const { see, conclude } = observe();
  try {
    // Ctrl-C reaches the gateways too: what they answer from then on says nothing.
    const making = makeHistory(scope, options, (line) => void (stop.signal.aborted || see(line)));
    await Promise.race([making, once(stop.signal, 'abort')]);
  } finally {
    await scope.close();
  }
  if (stop.signal.aborted) {
    print('interrupted');
    process.exit(INTERRUPTED);
  }
  const count = conclude();
  print(`judge it again: npm run history -- --read ${options.out}`);
  const redis = options.hasRedis ? '' : ' --no-redis';
  const { seed, minutes, database } = options;
  print(`the same faults: npm run history -- --seed ${seed} --minutes ${minutes} --database ${database}${redis}`);
  return count;
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), Date.now());
  switch (options.kind) {
    case 'help':
      print(HELP);
      return 0;
    case 'wrong':
      process.stderr.write(`${options.message}; npm run history -- --help lists the options\n`);
      return 2;
    case 'read': {
      const { see, conclude } = observe();
      try {
        await readHistory(options.file, see);
      } catch (error) {
        process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
        return 2;
      }
      return conclude() === 0 ? 0 : 1;
    }
    case 'live':
      return (await live(options)) === 0 ? 0 : 1;
  }
}

process.exitCode = await main();
