import type { Scope } from '../../test/lab/scope.ts';
import { Random, seedOf } from '../random.ts';
import type { Finding } from './finding.ts';
import { mutate } from './mutations.ts';
import { shrink } from './shrink.ts';

/** A search by inputs of one sort. */
export interface Campaign {
  readonly name: string;
  /** Starts what the search needs, such as a gateway; the scope stops it. */
  open(scope: Scope): Search | Promise<Search>;
}

/** Inputs of one sort, and what must hold for each. */
export interface Search {
  generate(random: Random): Buffer;
  /** @param seed for choices beside the input, such as where it is cut into pieces */
  compare(bytes: Buffer, seed: number): Finding | Promise<Finding>;
  /** What must hold for all inputs together, such as flat memory. Called once, at the end. */
  conclude?(): Finding | Promise<Finding>;
}

export interface Input {
  /** Of the choices beside the bytes, and of the bytes if they are generated. */
  readonly seed: number;
  readonly bytes: Buffer;
}

export interface Difference {
  /** Makes the input again: `npm run fuzz -- --only NAME --message SEED`. */
  readonly seed: number;
  readonly difference: string;
  /** The smallest input that was found with it. */
  readonly bytes: Buffer;
}

export interface Report {
  /** By the kinds of findings. */
  readonly counts: ReadonlyMap<string, number>;
  readonly differences: readonly Difference[];
  /** Null: the search says nothing about all inputs together. */
  readonly conclusion: Finding | null;
}

/** Differences after which a run stops: they have one cause, mostly. */
const MOST_DIFFERENCES = 20;

/**
 * Tries the inputs of the corpus, then generated ones and mutations of the corpus.
 *
 * @param goesOn asked before each input
 * @param onNewKind is given the first input of each kind that none of the corpus has
 */
export async function run(
  search: Search,
  corpus: readonly Input[],
  seed: number,
  goesOn: (count: number) => boolean,
  onNewKind: (kind: string, input: Input) => void | Promise<void> = () => {},
): Promise<Report> {
  const counts = new Map<string, number>();
  const differences: Difference[] = [];
  for (let i = 0; goesOn(i) && differences.length < MOST_DIFFERENCES; i += 1) {
    const input = corpus[i] ?? inputOf(search, corpus, seedOf(seed, i));
    const found = search.compare(input.bytes, input.seed);
    const { kind, difference } = found instanceof Promise ? await found : found;
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    if (difference !== null) differences.push(await shrunk(search, input, difference));
    else if (count === 0 && i >= corpus.length) await onNewKind(kind, input);
  }
  return { counts, differences, conclusion: (await search.conclude?.()) ?? null };
}

/** The input with this seed: of the corpus, a mutation of one of it, or a generated one. */
export function inputOf({ generate }: Search, corpus: readonly Input[], seed: number): Input {
  const known = corpus.find((input) => input.seed === seed);
  if (known !== undefined) return known;
  const random = new Random(seed);
  const [first, ...others] = corpus;
  const isMutated = first !== undefined && random.once(3);
  return { seed, bytes: isMutated ? mutate(random, random.of([first, ...others]).bytes) : generate(random) };
}

/** Shrinks the input of a difference. */
export async function shrunk(search: Search, input: Input, difference: string): Promise<Difference> {
  const { seed } = input;
  const bytes = await shrink(input.bytes, async (candidate) => {
    const found = await search.compare(candidate, seed);
    return found.difference !== null;
  });
  const found = await search.compare(bytes, seed);
  return { seed, difference: found.difference ?? difference, bytes };
}

/** The bytes as a string literal of JavaScript. */
export function literal(bytes: Buffer): string {
  const text = JSON.stringify(bytes.toString('latin1'));
  return text.replace(/[\x7f-\xff]/g, (octet) => `\\x${octet.charCodeAt(0).toString(16)}`);
}
