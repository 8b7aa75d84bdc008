import { inScope } from '../../test/lab/open-scope.ts';
import type { Scope } from '../../test/lab/scope.ts';
import { prepareOutput, print, runCommand, WrongUse } from '../command-line.ts';
import { createHistoryJudge, type Judge } from './judge.ts';
import type { Line } from './line.ts';
import { makeHistory } from './live.ts';
import { HELP, type LiveOptions, parseOptions } from './options.ts';
import { readHistory } from './read.ts';
import { createSummary } from './summary.ts';

/** Violations that are printed. */
const SHOWN = 50;

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

async function live(scope: Scope, options: LiveOptions): Promise<number> {
  prepareOutput('file', options.out);
  const { see, conclude } = observe();
  await inScope(scope, (own) => makeHistory(own, options, see));
  const count = conclude();
  print(`judge it again: npm run history -- --read ${options.out}`);
  const redis = options.hasRedis ? '' : ' --no-redis';
  const { seed, minutes, database } = options;
  print(`the same faults: npm run history -- --seed ${seed} --minutes ${minutes} --database ${database}${redis}`);
  return count;
}

async function read(file: string): Promise<number> {
  const { see, conclude } = observe();
  try {
    await readHistory(file, see);
  } catch (error) {
    throw new WrongUse(`--read takes a file that a run has written: ${(error as Error).message}`);
  }
  return conclude();
}

await runCommand(async (scope) => {
  const options = parseOptions(process.argv.slice(2), Date.now());
  if (options.kind === 'help') {
    print(HELP);
    return 0;
  }
  const violations = options.kind === 'read' ? await read(options.file) : await live(scope, options);
  return violations === 0 ? 0 : 1;
});
