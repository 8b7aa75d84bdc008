import { decode, encode, randomText } from './encoding.ts';
import { type Pbkdf2Digest, pbkdf2Hash } from './pbkdf2.ts';
import { scryptHash } from './scrypt.ts';
import type { StoredHash } from './stored-hash.ts';

/** Requires the rounds: `pbkdf2:sha256` without them is a parameter of Werkzeug's API, and never stored. */
const PBKDF2 = /^pbkdf2:(sha1|sha256|sha512):([1-9]\d*)\$([^$\p{Cc}]+)\$([0-9a-f]+)$/u;
const SCRYPT = /^scrypt:([1-9]\d*):([1-9]\d*):([1-9]\d*)\$([^$\p{Cc}]+)\$([0-9a-f]+)$/u;

/**
 * Parses the formats of `werkzeug.security.generate_password_hash`, which Flask applications use: scrypt by default since 3.0
 * (optional since 2.3), before that PBKDF2 with SHA-256, and with SHA-1 from 0.9 to 0.10. The salt is used as text.
 */
export function readWerkzeug(text: string): StoredHash | null {
  return readPbkdf2(text) ?? readScrypt(text);
}

function readPbkdf2(text: string): StoredHash | null {
  const [, digest, rounds, salt = '', hex = ''] = PBKDF2.exec(text) ?? [];
  const expected = decode(hex, 'hex');
  if (digest === undefined || expected === null) return null;
  return pbkdf2Hash({
    format: `Werkzeug pbkdf2:${digest}`,
    digest: digest as Pbkdf2Digest,
    rounds: Number(rounds),
    salt: Buffer.from(salt),
    expected,
    decoyWith: (drawn) => `pbkdf2:${digest}:${rounds}$${randomText(salt.length)}$${encode(drawn, 'hex')}`,
  });
}

function readScrypt(text: string): StoredHash | null {
  const [form, N, r, p, salt = '', hex = ''] = SCRYPT.exec(text) ?? [];
  const expected = decode(hex, 'hex');
  if (form === undefined || expected === null) return null;
  return scryptHash({
    format: 'Werkzeug scrypt',
    N: Number(N),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt),
    expected,
    decoyWith: (drawn) => `scrypt:${N}:${r}:${p}$${randomText(salt.length)}$${encode(drawn, 'hex')}`,
  });
}
