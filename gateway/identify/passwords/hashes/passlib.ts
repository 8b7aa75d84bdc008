import { randomBytes } from 'node:crypto';
import { decode, encode } from './encoding.ts';
import { type Pbkdf2Digest, pbkdf2Hash } from './pbkdf2.ts';
import type { StoredHash } from './stored-hash.ts';

const FORM = /^\$pbkdf2(|-sha256|-sha512)\$([1-9]\d*)\$([./A-Za-z0-9]+)\$([./A-Za-z0-9]+)$/;

/** Parses passlib's `pbkdf2_sha1`, `pbkdf2_sha256` and `pbkdf2_sha512`. The first one omits the name of its digest. */
export function readPasslib(text: string): StoredHash | null {
  const [, suffix, rounds, saltText = '', digestText = ''] = FORM.exec(text) ?? [];
  const salt = decode(saltText, 'passlib');
  const expected = decode(digestText, 'passlib');
  if (suffix === undefined || salt === null || expected === null) return null;
  return pbkdf2Hash({
    format: `passlib pbkdf2${suffix}`,
    digest: (suffix.slice(1) || 'sha1') as Pbkdf2Digest,
    rounds: Number(rounds),
    salt,
    expected,
    decoyWith: (drawn) => {
      const [newSalt, newDigest] = [randomBytes(salt.length), drawn].map((bytes) => encode(bytes, 'passlib'));
      return `$pbkdf2${suffix}$${rounds}$${newSalt}$${newDigest}`;
    },
  });
}
