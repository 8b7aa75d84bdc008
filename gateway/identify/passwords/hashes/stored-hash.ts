import { timingSafeEqual } from 'node:crypto';
import { type Demands, excessIn } from './limits.ts';

/** A hash against which passwords can be checked. */
export interface VerifiableHash {
  readonly verifiable: true;
  /** Who writes it and how, for the operator: `Django pbkdf2_sha256`. */
  readonly format: string;
  /** The cost parameters. Hashes of one format with equal parameters take equally long. */
  readonly parameters: string;
  /**
   * Whether this is the password. Encoded as UTF-8 without normalisation, as in Django, Werkzeug, PHP and passlib.
   * Takes equally long for every password. Rejects only when the machine fails, as for want of memory.
   */
  verify(password: string): Promise<boolean>;
  /** A hash of the same format, parameters and lengths that belongs to no known password; drawn, not computed. */
  decoy(): string;
}

/** A hash of a known form that is never computed. */
export interface RefusedHash {
  readonly verifiable: false;
  readonly format: string;
  /** What is wrong with it, for the operator; without salt and digest. */
  readonly reason: string;
}

export type StoredHash = VerifiableHash | RefusedHash;

/** What the reader of one format makes of a text: null when it is not of its form. */
export type Reader = (text: string) => StoredHash | null;

/** A hash that is a digest derived from password and salt. */
interface DigestHash {
  readonly format: string;
  readonly parameters: string;
  readonly demands: Demands;
  readonly expected: Buffer;
  /** As many bytes as are expected. */
  derive(password: string): Promise<Buffer>;
  decoy(): string;
}

/** The stored hash, refused where its demands are beyond the limits. */
export function digestHash({ format, parameters, demands, expected, derive, decoy }: DigestHash): StoredHash {
  const reason = excessIn(demands);
  if (reason !== null) return { verifiable: false, format, reason };
  const verify = async (password: string) => timingSafeEqual(await derive(password), expected);
  return { verifiable: true, format, parameters, verify, decoy };
}
