import { randomBytes, type ScryptOptions, scrypt } from 'node:crypto';
import { digestHash, type StoredHash } from './stored-hash.ts';

/** The length that both Werkzeug and Django use. */
const DIGEST_BYTES = 64;

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
  /** Formats a hash with the same parameters and the given digest. */
  decoyWith(digest: Buffer): string;
}

/** scrypt (RFC 7914). @returns null unless the digest has the length that all frameworks write */
export function scryptHash({ format, N, r, p, salt, expected, decoyWith }: ScryptHash): StoredHash | null {
  if (expected.length !== DIGEST_BYTES) return null;
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
    },
    expected,
    derive: (password) => deriveScrypt(password, salt, options),
    decoy: () => decoyWith(randomBytes(DIGEST_BYTES)),
  });
}

function deriveScrypt(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, DIGEST_BYTES, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
