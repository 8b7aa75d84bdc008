import { hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Account } from '../domain/account.ts';
import type { Scheme, VerifiedToken } from '../domain/identity.ts';

/**
 * What a credential has proven: who, never whether they may. A password's proof has the account with the email and the
 * stored hash that it was checked against, so that a new hash makes it worthless; a token's is the token as it was verified.
 */
export type Proof =
  | { readonly by: 'password'; readonly account: Account }
  | { readonly by: 'token'; readonly token: VerifiedToken; readonly scheme: Scheme };

/** The field that a credential stands in; the space ends the name. */
export type CredentialField = 'authorization ' | 'x-api-key ';

/** Remembers proofs, so that a password costs its hash once, and then no more than a token. */
export interface VerifiedCredentials {
  /**
   * What a credential is remembered by: a hash keyed with what only this process has. The field is in it, so that what was
   * proven in one stands for nothing in another.
   */
  keyOf(field: CredentialField, value: string): string;
  get(key: string): Proof | undefined;
  remember(key: string, proof: Proof): void;
  forget(key: string): void;
  /** How often a proof was there, and how often not. */
  readonly lookUps: { readonly hits: number; readonly misses: number };
}

/** Proofs kept at the most: a few hundred bytes each. */
const CAPACITY = 50_000;
/** Milliseconds for which one is kept. */
const TTL = 10 * 60_000;

export function verifiedCredentials(): VerifiedCredentials {
  const secret = randomBytes(32).toString('base64');
  const proofs = new LRUCache<string, Proof>({ max: CAPACITY, ttl: TTL });
  const lookUps = { hits: 0, misses: 0 };
  return {
    // No password or token that could be used stays in memory for its sake. The key stands in front, which is as good as
    // HMAC where nobody sees a hash to go on from, and in one call a tenth of its time.
    keyOf: (field, value) => hash('sha256', secret + field + value, 'hex'),
    get(key) {
      const proof = proofs.get(key);
      if (proof === undefined) lookUps.misses += 1;
      else lookUps.hits += 1;
      return proof;
    },
    remember: (key, proof) => void proofs.set(key, proof),
    forget: (key) => void proofs.delete(key),
    lookUps,
  };
}
