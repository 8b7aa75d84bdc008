import { hkdfSync } from 'node:crypto';

/** Bytes: those of SHA-256, which is as strong as the keys get. */
const LENGTH = 32;

/**
 * A key for one purpose, made of a token secret by HKDF-SHA256 (RFC 5869): what is signed for one purpose is worth nothing
 * for another, and neither key tells anything about the other or about the secret.
 *
 * @param purpose a name that stays the same for ever: another one is another key
 * @returns 32 bytes, the same on every node that has the secret
 */
export function derivedKey(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `gatehouse ${purpose}`, LENGTH));
}
