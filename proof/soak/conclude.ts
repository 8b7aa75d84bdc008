import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { WrongUse } from '../command-line.ts';
import { type BeginSample, readSamples } from './samples.ts';
import { judge } from './verdict/judge.ts';
import { plotOf } from './verdict/plot.ts';
import { type Verdict, verdictOf } from './verdict/report.ts';
import { subjectsOf } from './verdict/series.ts';

const HOUR = 3_600_000;

/**
 * Writes `verdict.md` and `plot.svg` beside the samples of a run, which may still go on.
 *
 * @throws {WrongUse} There is no such file, or it has no samples.
 */
export function conclude(file: string): Verdict {
  const samples = readAll(file);
  const begin = samples.find((sample): sample is BeginSample => sample.kind === 'begin');
  if (begin === undefined) throw new WrongUse(`--read takes the samples of a run: ${file} has none`);
  const since = samples.filter(({ at }) => at >= begin.at);
  const hours = ((since.at(-1)?.at ?? begin.at) - begin.at) / HOUR;
  const subjects = subjectsOf(since, begin.at);
  const verdict = verdictOf(since, begin, judge(subjects, hours, begin.seed));
  writeFileSync(join(dirname(file), 'verdict.md'), verdict.text);
  writeFileSync(join(dirname(file), 'plot.svg'), plotOf(since, begin, subjects, hours));
  return verdict;
}

function readAll(file: string): ReturnType<typeof readSamples> {
  try {
    return readSamples(file);
  } catch (error) {
    throw new WrongUse(`--read takes the samples of a run: ${(error as Error).message}`);
  }
}
