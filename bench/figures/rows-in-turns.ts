import type { Row } from '../harness/figure.ts';
import { eachRound, medians, type Rounds } from './in-turns.ts';

/** The rate of one side ÷ that of the other, with both in the note. */
export function rateRatio(rounds: Rounds<{ readonly rate: number }>, what: string, atLeast: number): Row {
  const rates = medians(rounds, ({ rate }) => rate);
  return {
    what,
    value: eachRound(rounds, (one, other) => one.rate / other.rate),
    unit: '×',
    aim: { kind: 'at least', value: atLeast },
    note: `${rates.map(Math.round).join(' and ')} requests/s`,
  };
}

/** The names of percentiles, by the keys of a latency. */
const SHARES = { p50: 'p50', p99: 'p99', p999: 'p99.9', p9999: 'p99.99' } as const;

/** Latency in milliseconds. */
type Latency<Share extends keyof typeof SHARES> = Readonly<Record<Share, number>>;

/**
 * The latency through the gateway, less that of the way straight to the upstream.
 *
 * @param atMost milliseconds that the gateway may add at the median
 */
export function addedLatency<Share extends keyof typeof SHARES>(
  rounds: Rounds<Latency<Share>>,
  what: string,
  shares: readonly Share[],
  atMost: number,
): readonly Row[] {
  return shares.map((share) => {
    const [through, direct] = medians(rounds, (side) => side[share]);
    return {
      what: `${what}, ${SHARES[share]}`,
      value: eachRound(rounds, (gateway, upstream) => gateway[share] - upstream[share]),
      unit: 'ms',
      aim: share === 'p50' ? { kind: 'at most', value: atMost } : { kind: 'report' },
      note: `${through.toFixed(3)} ms through the gateway, ${direct.toFixed(3)} ms direct`,
    };
  });
}
