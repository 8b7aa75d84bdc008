import { readArgon2 } from './argon2.ts';
import { readAspnet } from './aspnet.ts';
import { readBcrypt } from './bcrypt.ts';
import { readDjango } from './django.ts';
import { readFirebase } from './firebase.ts';
import type { HashRules } from './hash-rules.ts';
import { readJoomla } from './joomla.ts';
import { readLdap } from './ldap.ts';
import { readPasslib } from './passlib.ts';
import { readPhc } from './phc.ts';
import { readPhpass } from './phpass.ts';
import { readShaCrypt } from './sha-crypt.ts';
import { readSpring } from './spring.ts';
import type { Reader, StoredHash } from './stored-hash.ts';
import { readUnsupported } from './unsupported.ts';
import { readWerkzeug } from './werkzeug.ts';
import { readWordpress } from './wordpress.ts';

/** The formats exclude each other; the most frequent one comes first. */
const READERS: readonly Reader[] = [
  ...[readBcrypt, readWerkzeug, readDjango, readArgon2, readPasslib, readPhc],
  ...[readPhpass, readWordpress, readSpring, readAspnet, readShaCrypt],
  ...[readLdap, readFirebase, readJoomla, readUnsupported],
];

/** Characters: twice the longest supported hash. Longer text is not parsed. */
const LONGEST_HASH = 512;

/**
 * Recognises the format of a stored hash, strictly: without surrounding white space or leading zeros.
 *
 * @returns null when the format is unknown
 */
export function recognise(hash: string, rules: HashRules): StoredHash | null {
  if (hash.length > LONGEST_HASH) return null;
  for (const read of READERS) {
    const stored = read(hash, rules);
    if (stored !== null) return stored;
  }
  return null;
}

/**
 * A decoy for accounts without a hash, with the same cost as the hashes in the table.
 *
 * @param hash a typical hash of the table
 * @returns a hash with the same format, parameters and lengths, of no known password; null when `hash` is not verifiable
 */
export function decoyOf(hash: string, rules: HashRules): string | null {
  const stored = recognise(hash, rules);
  return stored?.verifiable ? stored.decoy() : null;
}

/**
 * Whether a hash should be replaced by the gateway's own bcrypt.
 *
 * @param cost the cost of the gateway's own hashes: log2 of the number of rounds
 */
export function needsRehash(hash: string, cost: number, rules: HashRules): boolean {
  const stored = recognise(hash, rules);
  if (!stored?.verifiable) return false;
  return stored.format !== 'bcrypt' || Number(hash.split('$')[2]) < cost;
}
