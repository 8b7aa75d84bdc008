import { readArgon2 } from './argon2.ts';
import { readBcrypt } from './bcrypt.ts';
import { readDjango } from './django.ts';
import { readPasslib } from './passlib.ts';
import type { Reader, StoredHash } from './stored-hash.ts';
import { readWerkzeug } from './werkzeug.ts';

/** Their forms exclude each other, so the order is that of how often they are met. */
const READERS: readonly Reader[] = [readBcrypt, readWerkzeug, readDjango, readArgon2, readPasslib];

/** Characters: twice the longest supported hash. Longer text is not parsed. */
const LONGEST_HASH = 512;

/**
 * Recognises a stored hash by its form, to the letter: no white space around it, no number with a leading zero.
 *
 * @returns null when it is of no known form
 */
export function recognise(hash: string): StoredHash | null {
  if (hash.length > LONGEST_HASH) return null;
  for (const read of READERS) {
    const stored = read(hash);
    if (stored !== null) return stored;
  }
  return null;
}

/**
 * A decoy for accounts without a hash, with the cost of the hashes in the table.
 *
 * @param hash one like most of the table
 * @returns a hash of the same format, parameters and lengths, of no known password; null when that one is never computed
 */
export function decoyOf(hash: string): string | null {
  const stored = recognise(hash);
  return stored?.verifiable ? stored.decoy() : null;
}

/**
 * Whether the hash of a password that has just been proven should make way for bcrypt.
 *
 * @param cost of the gateway's own hashes: log2 of the number of rounds
 */
export function needsRehash(hash: string, cost: number): boolean {
  const stored = recognise(hash);
  if (!stored?.verifiable) return false;
  return stored.format !== 'bcrypt' || Number(hash.split('$')[2]) < cost;
}
