import { type BeginSample, type EndSample, type Sample, TIME_IS_OVER, type UnexpectedSample } from '../samples.ts';
import { amount } from './amounts.ts';
import type { Judged } from './judge.ts';
import { NOTHING, sumOf, totalsOf } from './totals.ts';

/** What a run comes to. */
export interface Verdict {
  readonly isGood: boolean;
  /** Markdown. */
  readonly text: string;
}

const MOST_EXAMPLES = 20;
/** Milliseconds. */
const LONG_ENOUGH = 3_600_000;
/** What the run itself causes, and what says no more than the samples do. */
const OWN_FAULTS = /^(worker ended|store is out|upstream is ejected|TLS handshake failed)$/;

export function verdictOf(samples: readonly Sample[], begin: BeginSample, judged: readonly Judged[]): Verdict {
  const end = samples.find((sample): sample is EndSample => sample.kind === 'end');
  const totals = totalsOf(samples);
  const all = [...totals.values()].reduce(sumOf, NOTHING);
  const grown = judged.filter(({ finding }) => finding === 'grows');
  const unexpected = samples.filter((sample): sample is UnexpectedSample => sample.kind === 'unexpected');
  const complaints = [
    ...(grown.length > 0 ? [`${grown.length} series grow`] : []),
    ...(all.unexpected > 0 ? [`${all.unexpected} unexpected answers`] : []),
    ...(end === undefined ? ['it has not ended yet, or was killed'] : []),
    ...(end !== undefined && end.reason !== TIME_IS_OVER ? [end.reason] : []),
    ...(judged.length === 0 ? ['nothing could be judged'] : []),
  ];
  const length = (samples.at(-1)?.at ?? begin.at) - begin.at;
  const lines = [
    `# Soak of ${(length / 3_600_000).toFixed(2)} hours: ${complaints.length === 0 ? 'nothing grows, and each answer was right' : complaints.join('; ')}`,
    '',
    `${new Date(begin.at).toISOString()}, seed ${begin.seed}, ${Math.round(begin.rate)} requests per second, ${begin.database}, Node.js ${begin.node}. ${describeEvents(samples)}`,
    '',
    `${all.count} answers (${inWords(all.statuses)}), ${all.excused} of which broke with a worker that was killed, or without Redis, and ${all.unexpected} unexpected.`,
    ...(unexpected.length === 0 ? [] : ['', '## Unexpected answers', '']),
    ...unexpected.slice(0, MOST_EXAMPLES).map(({ at, node, operation, message, line }) => {
      const logged = line == null ? '' : `; the log says ${JSON.stringify(line)}`;
      return `- ${new Date(at).toISOString()} ${node}, ${operation}: ${message}${logged}`;
    }),
    ...describeLog(samples),
    '',
    '## Slopes',
    '',
    ...(length < LONG_ENOUGH
      ? [
          '**Less than an hour: caches of ten minutes, rows that live for five, and code that V8 compiles still fill up.**',
          '',
        ]
      : []),
    'After the warm-up, with 99 % confidence. A series grows if its slope is above its limit with that confidence, also in the second half.',
    '',
    '| | series | level | per hour | 99 % | of its level | limit | verdict |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...judged.toSorted((one, other) => rank(one) - rank(other)).map(row),
    '',
    '## Answers',
    '',
    '| request | answers | by status | excused | unexpected |',
    '| --- | --- | --- | --- | --- |',
    ...[...totals].map(([operation, { count, statuses, excused, unexpected: wrong }]) => {
      return `| ${operation} | ${count} | ${inWords(statuses)} | ${excused} | ${wrong} |`;
    }),
    '',
  ];
  return { isGood: complaints.length === 0, text: lines.join('\n') };
}

function row({ subject, series, finding, trend, limit }: Judged): string {
  const { level, slope, low, high } = trend;
  const share = level === 0 ? '' : `${((100 * slope) / level).toFixed(1)} %`;
  const shown = (value: number) => amount(series, value);
  return `| ${subject} | ${series} | ${shown(level)} | ${shown(slope)} | ${shown(low)} to ${shown(high)} | ${share} | ${shown(limit)} | ${finding} |`;
}

function rank({ finding }: Judged): number {
  return ['grows', 'unclear', 'levelled off', 'flat'].indexOf(finding);
}

function describeEvents(samples: readonly Sample[]): string {
  const countOf = (event: string) =>
    samples.filter((sample) => sample.kind === 'event' && sample.event === event).length;
  return `${countOf('reload')} reloads, ${countOf('kill')} workers killed, ${countOf('redis stops')} outages of Redis.`;
}

/** Lines of the gateways' logs above `info`, but for those that the faults of the run explain. */
function describeLog(samples: readonly Sample[]): string[] {
  const counts = new Map<string, number>();
  for (const sample of samples) {
    if (sample.kind !== 'log' || OWN_FAULTS.test(String(sample.line.msg))) continue;
    const text = `${sample.node} ${sample.line.level}: ${sample.line.msg}`;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  if (counts.size === 0) return [];
  return ['', '## Other lines of the logs', '', ...[...counts].map(([text, count]) => `- ${count} times ${text}`)];
}

function inWords(statuses: Readonly<Record<string, number>>): string {
  return Object.entries(statuses)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ');
}
