import { randomBytes } from 'node:crypto';
import { decode, encode } from './encoding.ts';
import { type Pbkdf2Digest, pbkdf2Hash } from './pbkdf2.ts';
import { scryptHash } from './scrypt.ts';
import type { StoredHash } from './stored-hash.ts';

const PBKDF2 =
  /^\$pbkdf2-(sha1|sha224|sha256|sha384|sha512)\$(i=([1-9]\d*)(?:,l=([1-9]\d*))?)\$([+/A-Za-z0-9]+)\$([+/A-Za-z0-9]+)$/;
const SCRYPT = /^\$scrypt\$(ln=([1-9]\d*),r=([1-9]\d*),p=([1-9]\d*))\$([+/=A-Za-z0-9]+)\$([+/=A-Za-z0-9]+)$/;
/** `ln` is log2 of N in the PHC format. Larger values can only be N itself. */
const LARGEST_LOG = 31;
/** The length of passlib and Kratos, and that of many other libraries. */
const SCRYPT_BYTES = 32;
const LONG_SCRYPT_BYTES = 64;

/**
 * Parses PBKDF2 and scrypt in the PHC string format, as exports of Auth0, Ory Kratos, Zitadel and passlib have them. Argon2 in
 * that format: `argon2.ts`.
 */
export function readPhc(text: string): StoredHash | null {
  return readPbkdf2(text) ?? readScrypt(text);
}

function readPbkdf2(text: string): StoredHash | null {
  const [, digest, settings, rounds, length, saltText = '', digestText = ''] = PBKDF2.exec(text) ?? [];
  const salt = decode(saltText, 'unpadded');
  const expected = decode(digestText, 'unpadded');
  if (digest === undefined || salt === null || expected === null) return null;
  return pbkdf2Hash({
    format: `PHC pbkdf2-${digest}`,
    digest: digest as Pbkdf2Digest,
    rounds: Number(rounds),
    salt,
    expected,
    ...(length !== undefined && { length: bytesIn(Number(length), expected) }),
    decoyWith: (drawn) => {
      const [newSalt, newDigest] = [randomBytes(salt.length), drawn].map((bytes) => encode(bytes, 'unpadded'));
      return `$pbkdf2-${digest}$${settings}$${newSalt}$${newDigest}`;
    },
  });
}

/** `l` is in bytes. Exports to Kratos may have bits instead, as Kratos ignores it. */
function bytesIn(length: number, expected: Buffer): number {
  return length === expected.length * 8 ? expected.length : length;
}

function readScrypt(text: string): StoredHash | null {
  const [, settings, ln, r, p, saltText = '', digestText = ''] = SCRYPT.exec(text) ?? [];
  // Kratos writes N itself, and pads the base64.
  const isKratos = Number(ln) > LARGEST_LOG;
  const encoding = isKratos ? 'base64' : 'unpadded';
  const salt = decode(saltText, encoding);
  const expected = decode(digestText, encoding);
  if (settings === undefined || salt === null || expected === null) return null;
  return scryptHash({
    format: 'PHC scrypt',
    N: isKratos ? Number(ln) : 2 ** Number(ln),
    r: Number(r),
    p: Number(p),
    salt,
    expected,
    length: expected.length === LONG_SCRYPT_BYTES ? LONG_SCRYPT_BYTES : SCRYPT_BYTES,
    decoyWith: (drawn) => {
      const [newSalt, newDigest] = [randomBytes(salt.length), drawn].map((bytes) => encode(bytes, encoding));
      return `$scrypt$${settings}$${newSalt}$${newDigest}`;
    },
  });
}
