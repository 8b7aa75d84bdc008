import { Random, seedOf } from '../random.ts';
import type { Finding } from './finding.ts';
import { shrink } from './shrink.ts';

/** Messages of one sort, and the comparison of those who read them. */
export interface Campaign {
  readonly name: string;
  generate(random: Random): Buffer;
  compare(bytes: Buffer, seed: number): Finding | Promise<Finding>;
}

export interface Difference {
  /** Makes the message again: `npm run fuzz -- --only NAME --message SEED`. */
  readonly seed: number;
  readonly difference: string;
  /** The smallest message that was found with it. */
  readonly bytes: Buffer;
}

export interface Report {
  readonly counts: ReadonlyMap<string, number>;
  readonly differences: readonly Difference[];
}

/** Differences after which a run stops: they have one cause, mostly. */
const MOST_DIFFERENCES = 20;

/** @param goesOn asked before each message */
export async function run(campaign: Campaign, seed: number, goesOn: (count: number) => boolean): Promise<Report> {
  const counts = new Map<string, number>();
  const differences: Difference[] = [];
  for (let i = 0; goesOn(i) && differences.length < MOST_DIFFERENCES; i += 1) {
    const found = compareOne(campaign, seedOf(seed, i));
    const { kind, difference } = found instanceof Promise ? await found : found;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    if (difference !== null) differences.push(await shrunk(campaign, seedOf(seed, i), difference));
  }
  return { counts, differences };
}

function compareOne({ generate, compare }: Campaign, seed: number): Finding | Promise<Finding> {
  return compare(generate(new Random(seed)), seed);
}

/** Shrinks the message of a difference. */
export async function shrunk({ generate, compare }: Campaign, seed: number, difference: string): Promise<Difference> {
  const bytes = await shrink(generate(new Random(seed)), async (candidate) => {
    const found = await compare(candidate, seed);
    return found.difference !== null;
  });
  const found = await compare(bytes, seed);
  return { seed, difference: found.difference ?? difference, bytes };
}

/** The bytes as a string literal of JavaScript. */
export function literal(bytes: Buffer): string {
  const text = JSON.stringify(bytes.toString('latin1'));
  return text.replace(/[\x7f-\xff]/g, (octet) => `\\x${octet.charCodeAt(0).toString(16)}`);
}
