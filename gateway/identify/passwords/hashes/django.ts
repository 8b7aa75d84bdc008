import { hash } from 'node:crypto';
import { argon2Hash } from './argon2.ts';
import { bcryptHash } from './bcrypt.ts';
import { decode, encode, randomText } from './encoding.ts';
import type { HashRules } from './hash-rules.ts';
import { type Pbkdf2Digest, pbkdf2Hash } from './pbkdf2.ts';
import { scryptHash } from './scrypt.ts';
import type { StoredHash } from './stored-hash.ts';

const PBKDF2 = /^pbkdf2_(sha1|sha256|sha512)\$([1-9]\d*)\$([^$\p{Cc}]+)\$([+/=A-Za-z0-9]+)$/u;
const SCRYPT = /^scrypt\$([1-9]\d*)\$([^$\p{Cc}]+)\$([1-9]\d*)\$([1-9]\d*)\$([+/=A-Za-z0-9]+)$/u;

/**
 * Parses the formats that `django.contrib.auth.hashers` of 3.2 to 6 write by default, the optional `bcrypt`, and SHA-512 as
 * Elixir writes it in Django's form.
 */
export function readDjango(text: string, { longBcryptPasswords }: HashRules): StoredHash | null {
  const inner = text.slice(text.indexOf('$') + 1);
  const scheme = text.slice(0, -inner.length);
  switch (scheme) {
    case 'bcrypt$':
      return bcryptHash('Django bcrypt', scheme, inner, longBcryptPasswords, (password) => password);
    case 'bcrypt_sha256$':
      // The input of bcrypt is the digest in hex: 64 bytes for a password of any length.
      return bcryptHash('Django bcrypt_sha256', scheme, inner, 'refused', (password) =>
        hash('sha256', password, 'hex'),
      );
    case 'argon2$':
      return argon2Hash('Django ', scheme.slice(0, -1), `$${inner}`);
    case 'scrypt$':
      return readScrypt(text);
    default:
      return readPbkdf2(text);
  }
}

function readPbkdf2(text: string): StoredHash | null {
  const [, digest, rounds, salt = '', base64 = ''] = PBKDF2.exec(text) ?? [];
  const expected = decode(base64, 'base64');
  if (digest === undefined || expected === null) return null;
  return pbkdf2Hash({
    format: `Django pbkdf2_${digest}`,
    digest: digest as Pbkdf2Digest,
    rounds: Number(rounds),
    salt: Buffer.from(salt),
    expected,
    decoyWith: (drawn) => `pbkdf2_${digest}$${rounds}$${randomText(salt.length)}$${encode(drawn, 'base64')}`,
  });
}

function readScrypt(text: string): StoredHash | null {
  const [form, N, salt = '', r, p, base64 = ''] = SCRYPT.exec(text) ?? [];
  const expected = decode(base64, 'base64');
  if (form === undefined || expected === null) return null;
  return scryptHash({
    format: 'Django scrypt',
    N: Number(N),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt),
    expected,
    decoyWith: (drawn) => `scrypt$${N}$${randomText(salt.length)}$${r}$${p}$${encode(drawn, 'base64')}`,
  });
}
