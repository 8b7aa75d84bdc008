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

/** Latency in milliseconds. */
interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** Milliseconds that the gateway may add at the median. */
const ADDED = 0.25;

/** The latency through the gateway, less that of the way straight to the upstream. */
export function addedLatency(rounds: Rounds<Latency>, what: string): readonly [p50: Row, p99: Row] {
  const row = (share: keyof Latency): Omit<Row, 'aim'> => {
    const [through, direct] = medians(rounds, (side) => side[share]);
    return {
      what: `${what}, ${share}`,
      value: eachRound(rounds, (gateway, upstream) => gateway[share] - upstream[share]),
      unit: 'ms',
      note: `${through.toFixed(3)} ms through the gateway, ${direct.toFixed(3)} ms direct`,
    };
  };
  return [
    { ...row('p50'), aim: { kind: 'at most', value: ADDED } },
    { ...row('p99'), aim: { kind: 'report' } },
  ];
}
