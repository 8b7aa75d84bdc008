import { pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { digestHash, type StoredHash } from './stored-hash.ts';

const derivePbkdf2 = promisify(pbkdf2);

const DIGEST_BYTES = { sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 };

export type Pbkdf2Digest = keyof typeof DIGEST_BYTES;

interface Pbkdf2Hash {
  readonly format: string;
  readonly digest: Pbkdf2Digest;
  readonly rounds: number;
  readonly salt: Buffer;
  readonly expected: Buffer;
  /** The bytes of the digest that the program writes; left out: those of the underlying hash. */
  readonly length?: number;
  /** Formats a hash with the same parameters and the given digest. */
  decoyWith(digest: Buffer): string;
}

/** PBKDF2 with HMAC (RFC 8018). @returns null unless the digest has the given length */
export function pbkdf2Hash({
  format,
  digest,
  rounds,
  salt,
  expected,
  length = DIGEST_BYTES[digest],
  decoyWith,
}: Pbkdf2Hash): StoredHash | null {
  if (expected.length !== length) return null;
  // RFC 8018 section 5.2: each block of the digest takes all rounds.
  const blocks = Math.ceil(length / DIGEST_BYTES[digest]);
  return digestHash({
    format,
    parameters: `${rounds} rounds${blocks === 1 ? '' : ` for each of ${blocks} blocks`}`,
    demands: { pbkdf2Rounds: rounds * blocks, salt: salt.length, digest: length },
    expected,
    derive: (password) => derivePbkdf2(password, salt, rounds, length, digest),
    decoy: () => decoyWith(randomBytes(length)),
  });
}
