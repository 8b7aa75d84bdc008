import { type Spread, spreadOf } from '../harness/statistics.ts';

/** What two sides gave, round by round. */
export type Rounds<T> = readonly (readonly [one: T, other: T])[];

/**
 * Measures two sides in turns, the order turned around from round to round, so that a machine that grows slower does so
 * for both. A first round only warms up and is not in the result.
 */
export async function inTurns<T>(
  rounds: number,
  measureOne: () => Promise<T>,
  measureOther: () => Promise<T>,
): Promise<Rounds<T>> {
  const measured: (readonly [T, T])[] = [];
  for (let round = 0; round <= rounds; round++) {
    if (round % 2 === 0) {
      const one = await measureOne();
      measured.push([one, await measureOther()]);
    } else {
      const other = await measureOther();
      measured.push([await measureOne(), other]);
    }
  }
  return measured.slice(1);
}

/** A value of each round, such as a ratio: so both of its parts were measured within seconds. */
export function eachRound<T>(rounds: Rounds<T>, value: (one: T, other: T) => number): Spread {
  return spreadOf(rounds.map(([one, other]) => value(one, other)));
}

/** The median of each side by itself, for the note beside their ratio. */
export function medians<T>(rounds: Rounds<T>, value: (side: T) => number): readonly [one: number, other: number] {
  return [eachRound(rounds, (one) => value(one)).median, eachRound(rounds, (_, other) => value(other)).median];
}
