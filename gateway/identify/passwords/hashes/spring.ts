import { randomBytes } from 'node:crypto';
import { argon2Hash } from './argon2.ts';
import { bcryptHash } from './bcrypt.ts';
import { decode, encode } from './encoding.ts';
import type { HashRules } from './hash-rules.ts';
import { pbkdf2Hash } from './pbkdf2.ts';
import { scryptHash } from './scrypt.ts';
import type { StoredHash } from './stored-hash.ts';

const FORM = /^\{([A-Za-z0-9@_-]+)\}/;
/** The parameters of PBKDF2 are not in the hash: these are those of `PasswordEncoderFactories`. */
const PBKDF2 = {
  pbkdf2: { digest: 'sha1', rounds: 185_000, saltBytes: 8, digestBytes: 32 },
  'pbkdf2@SpringSecurity_v5_8': { digest: 'sha256', rounds: 310_000, saltBytes: 16, digestBytes: 32 },
} as const;
/** The parameters of scrypt are one number: log2 of N, 8 bits of r, 8 bits of p. */
const SCRYPT = /^\$([1-9a-f][0-9a-f]{4,7})\$([+/=A-Za-z0-9]+)\$([+/=A-Za-z0-9]+)$/;

const REPLACED = 'the application replaces it at the next login if it has a UserDetailsPasswordService';
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['noop', `the password itself, which is never accepted: ${REPLACED}`],
  ...['MD4', 'MD5', 'SHA-1', 'SHA-256'].map(
    (id) => [id, `a single round, which is never accepted: ${REPLACED}`] as const,
  ),
  ['sha256', `1,024 rounds of SHA-256, which the gateway does not compute: ${REPLACED}`],
  ['ldap', `which the gateway does not compute: ${REPLACED}`],
]);

/** Parses the formats of Spring Security's `DelegatingPasswordEncoder`: `{id}`, and the hash of the encoder with that id. */
export function readSpring(text: string, { longBcryptPasswords }: HashRules): StoredHash | null {
  const [prefix, id] = FORM.exec(text) ?? [];
  if (prefix === undefined || id === undefined) return null;
  const inner = text.slice(prefix.length);
  const format = `Spring ${prefix}`;
  switch (id) {
    case 'bcrypt':
      return bcryptHash(format, prefix, inner, longBcryptPasswords, (password) => password);
    case 'argon2':
    case 'argon2@SpringSecurity_v5_8':
      return argon2Hash(`${format} `, prefix, inner);
    case 'scrypt':
    case 'scrypt@SpringSecurity_v5_8':
      return readScrypt(format, prefix, inner);
    case 'pbkdf2':
    case 'pbkdf2@SpringSecurity_v5_8':
      return readPbkdf2(format, prefix, inner, PBKDF2[id]);
    default: {
      const reason = REFUSED.get(id);
      return reason === undefined ? null : { verifiable: false, format, reason };
    }
  }
}

function readScrypt(format: string, prefix: string, text: string): StoredHash | null {
  const [, parameters = '', saltText = '', digestText = ''] = SCRYPT.exec(text) ?? [];
  const salt = decode(saltText, 'base64');
  const expected = decode(digestText, 'base64');
  if (parameters === '' || salt === null || expected === null) return null;
  const number = Number.parseInt(parameters, 16);
  return scryptHash({
    format,
    N: 2 ** (number >>> 16),
    r: (number >>> 8) & 0xff,
    p: number & 0xff,
    salt,
    expected,
    length: expected.length,
    decoyWith: (drawn) => {
      const [newSalt, newDigest] = [randomBytes(salt.length), drawn].map((bytes) => encode(bytes, 'base64'));
      return `${prefix}$${parameters}$${newSalt}$${newDigest}`;
    },
  });
}

function readPbkdf2(
  format: string,
  prefix: string,
  text: string,
  { digest, rounds, saltBytes, digestBytes }: (typeof PBKDF2)[keyof typeof PBKDF2],
): StoredHash | null {
  const bytes = decode(text, 'hex');
  if (bytes === null) return null;
  if (bytes.length !== saltBytes + digestBytes) {
    const reason = "which has other lengths than Spring's own, and therefore parameters that it does not contain";
    return { verifiable: false, format, reason };
  }
  return pbkdf2Hash({
    format,
    digest,
    rounds,
    salt: bytes.subarray(0, saltBytes),
    expected: bytes.subarray(saltBytes),
    length: digestBytes,
    decoyWith: (drawn) => prefix + encode(Buffer.concat([randomBytes(saltBytes), drawn]), 'hex'),
  });
}
