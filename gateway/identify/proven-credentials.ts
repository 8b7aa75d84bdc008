import { hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Account } from '../domain/account.ts';
import type { Scheme, VerifiedToken } from '../domain/identity.ts';
import { atMost } from '../workarounds/lru-cache-capacity.ts';

/**
 * The identity that a credential has proven. It says only who sent the request: each request is still checked for revocation,
 * confirmation and removal (`standing.ts`). The proof of a password contains the account with the email and the hash that it
 * was checked against, so that a new hash invalidates it. The proof of a token is the verified token.
 */
export type Proof =
  | { readonly by: 'password'; readonly account: Account }
  | { readonly by: 'token'; readonly token: VerifiedToken; readonly scheme: Scheme };

/** The header field of a credential. The space separates name and value in the cache key. */
export type CredentialField = 'authorization ' | 'x-api-key ';

/** Caches proofs, so that a password is hashed once and then costs no more than a token. */
export interface ProvenCredentials {
  /**
   * The cache key of a credential: SHA-256 of a secret of this process, the field and the value. The field is included, so
   * that a proof for one field is not valid for another.
   */
  keyOf(field: CredentialField, value: string): string;
  get(key: string): Proof | undefined;
  remember(key: string, proof: Proof): void;
  forget(key: string): void;
  /** The number of proofs in memory. */
  readonly size: number;
  /** Cache hits and misses. */
  readonly lookUps: { readonly hits: number; readonly misses: number };
}

/** Maximum number of proofs; each takes a few hundred bytes. */
const CAPACITY = 50_000;
/** Milliseconds that a proof is kept. */
const TTL = 10 * 60_000;
/** Milliseconds. With less, the cache starts a timer for nearly every request. */
const TTL_RESOLUTION = 1_000;
/** Milliseconds. The cache itself keeps an expired proof until its place is needed: tokens that nobody uses any more fill it. */
const PURGE_INTERVAL = 60_000;

/** @param now in ms, monotonic */
export function provenCredentials(now = () => performance.now()): ProvenCredentials {
  const secret = randomBytes(32).toString('base64');
  const proofs = new LRUCache<string, Proof>({
    ...atMost(CAPACITY),
    ttl: TTL,
    ttlResolution: TTL_RESOLUTION,
    perf: { now },
  });
  let purgedAt = now();
  const lookUps = { hits: 0, misses: 0 };
  return {
    // A hash, so that no usable password or token stays in memory as a key. A prefixed secret is as safe as HMAC here, since
    // no hash leaves the process (length extension needs one), and costs a tenth.
    keyOf: (field, value) => hash('sha256', secret + field + value, 'hex'),
    get(key) {
      const proof = proofs.get(key);
      if (proof === undefined) lookUps.misses += 1;
      else lookUps.hits += 1;
      return proof;
    },
    remember(key, proof) {
      proofs.set(key, proof);
      if (now() - purgedAt < PURGE_INTERVAL) return;
      purgedAt = now();
      proofs.purgeStale();
    },
    forget: (key) => void proofs.delete(key),
    get size() {
      return proofs.size;
    },
    lookUps,
  };
}
