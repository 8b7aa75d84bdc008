import { timingSafeEqual } from 'node:crypto';
import type { HashRules } from './hash-rules.ts';
import { type Demands, excessIn } from './limits.ts';

/**
 * What an operator should know of a hash. `weak`: it was made in a single round, so that whoever reads it can try billions of
 * passwords per second. `cut`: passwords with the same first 72 bytes match.
 */
export type Caveat = 'weak' | 'cut';

/** A hash against which passwords can be checked. */
export interface VerifiableHash {
  readonly verifiable: true;
  /** The framework and the algorithm, for the operator: `Django pbkdf2_sha256`. */
  readonly format: string;
  /** The cost parameters. Hashes of one format with equal parameters take equally long. */
  readonly parameters: string;
  readonly caveat: Caveat | null;
  /**
   * Whether the password matches. It is encoded as UTF-8 without normalisation, as in Django, Werkzeug, PHP and passlib.
   * Takes equally long for every password. Rejects only on a system error, such as lack of memory.
   */
  verify(password: string): Promise<boolean>;
  /** A random hash with the same format, parameters and lengths, of no known password. */
  decoy(): string;
}

/** A hash of a known format that the gateway does not compute. */
export interface RefusedHash {
  readonly verifiable: false;
  readonly format: string;
  /** The problem, for the operator; contains neither salt nor digest. */
  readonly reason: string;
}

export type StoredHash = VerifiableHash | RefusedHash;

/** Parses one format; null when the text does not have that format. */
export type Reader = (text: string, rules: HashRules) => StoredHash | null;

/** A hash whose digest is derived from password and salt. */
export interface DigestHash {
  readonly format: string;
  readonly parameters: string;
  readonly demands: Demands;
  readonly expected: Buffer;
  /** @returns as many bytes as `expected` has */
  derive(password: string): Promise<Buffer>;
  decoy(): string;
}

/** The stored hash; refused if its parameters are outside the limits. */
export function digestHash({ format, parameters, demands, expected, derive, decoy }: DigestHash): StoredHash {
  const reason = excessIn(demands);
  if (reason !== null) return { verifiable: false, format, reason };
  const verify = async (password: string) => timingSafeEqual(await derive(password), expected);
  return { verifiable: true, format, parameters, caveat: null, verify, decoy };
}

const WEAK =
  'which is weak: whoever reads it can try billions of passwords per second; accounts.allowWeakHashes: true accepts it';

/** A stored hash made in a single round; refused unless the settings allow those. */
export function weakHash(hash: DigestHash, { weakHashes }: HashRules): StoredHash {
  const stored = digestHash(hash);
  if (!stored.verifiable) return stored;
  if (weakHashes === 'refused') return { verifiable: false, format: hash.format, reason: WEAK };
  return { ...stored, caveat: 'weak' };
}
