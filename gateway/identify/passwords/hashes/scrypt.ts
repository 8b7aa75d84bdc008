import { randomBytes, type ScryptOptions, scrypt } from 'node:crypto';
import { digestHash, type StoredHash } from './stored-hash.ts';

/** The length of Werkzeug, Django and Firebase. */
const USUAL_BYTES = 64;

interface ScryptHash {
  readonly format: string;
  /** CPU and memory cost. */
  readonly N: number;
  /** Block size. */
  readonly r: number;
  /** Parallelism: the number of lanes, which OpenSSL computes one after another. */
  readonly p: number;
  readonly salt: Buffer;
  readonly expected: Buffer;
  /** The bytes of the digest that the program writes; left out: 64. */
  readonly length?: number;
  /** Converts the output of scrypt to the digest, without changing its length; left out: it is the digest. */
  seal?(derived: Buffer): Buffer;
  /** Formats a hash with the same parameters and the given digest. */
  decoyWith(digest: Buffer): string;
}

/** scrypt (RFC 7914). @returns null unless the digest has the given length */
export function scryptHash({
  format,
  N,
  r,
  p,
  salt,
  expected,
  length = USUAL_BYTES,
  seal = (derived) => derived,
  decoyWith,
}: ScryptHash): StoredHash | null {
  if (expected.length !== length) return null;
  // RFC 7914 section 2: N is a power of two above 1 and below 2^(128·r/8).
  if (N < 2 || !Number.isInteger(Math.log2(N)) || Math.log2(N) >= 16 * r) {
    return { verifiable: false, format, reason: `scrypt is not defined for N=${N} with r=${r}` };
  }
  // OpenSSL needs N blocks, one for each lane, and two as scratch space.
  const maxmem = 128 * r * (N + p + 2);
  const options = { N, r, p, maxmem };
  return digestHash({
    format,
    parameters: `N=${N}, r=${r}, p=${p}`,
    demands: {
      scryptBlock: r,
      scryptLanes: p,
      scryptMemory: maxmem,
      scryptWork: 128 * N * r * p,
      salt: salt.length,
      digest: length,
    },
    expected,
    derive: async (password) => seal(await deriveScrypt(password, salt, length, options)),
    decoy: () => decoyWith(randomBytes(length)),
  });
}

function deriveScrypt(password: string, salt: Buffer, length: number, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
