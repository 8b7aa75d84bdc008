import { hash, randomBytes } from 'node:crypto';
import { argon2Hash } from './argon2.ts';
import { bcryptHash } from './bcrypt.ts';
import { decode, encode } from './encoding.ts';
import type { HashRules } from './hash-rules.ts';
import { type Pbkdf2Digest, pbkdf2Hash } from './pbkdf2.ts';
import { shaCryptHash } from './sha-crypt.ts';
import { type StoredHash, weakHash } from './stored-hash.ts';
import { readUnsupported } from './unsupported.ts';

/** RFC 2307: the name of the scheme has no case. Programs write it in one case throughout. */
const FORM = /^\{([A-Z0-9-]+|[a-z0-9-]+)\}/;
const SALTED_SHA = { SSHA: 'sha1', SSHA256: 'sha256', SSHA384: 'sha384', SSHA512: 'sha512' } as const;
const SHA_BYTES = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 };
const PBKDF2 = /^([1-9]\d*)\$([./A-Za-z0-9]+)\$([./A-Za-z0-9]+)$/;
const PBKDF2_DIGESTS: ReadonlyMap<string, Pbkdf2Digest> = new Map([
  ['PBKDF2', 'sha1'],
  ['PBKDF2-SHA1', 'sha1'],
  ['PBKDF2-SHA256', 'sha256'],
  ['PBKDF2-SHA512', 'sha512'],
]);
/** RFC 2307, and OpenLDAP. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['SHA', 'an unsalted SHA-1, which is never accepted'],
  ['SMD5', 'a salted MD5, which is never accepted'],
  ['CLEARTEXT', 'the password itself, which is never accepted'],
]);

/** Parses values of `userPassword` in LDAP directories, as OpenLDAP, 389 Directory Server and Dovecot write them. */
export function readLdap(text: string, rules: HashRules): StoredHash | null {
  const [prefix, name] = FORM.exec(text) ?? [];
  if (prefix === undefined || name === undefined) return null;
  const scheme = name.toUpperCase();
  const value = text.slice(prefix.length);
  const format = `LDAP {${scheme}}`;
  if (Object.hasOwn(SALTED_SHA, scheme))
    return saltedSha(format, prefix, SALTED_SHA[scheme as keyof typeof SALTED_SHA], value, rules);
  if (scheme === 'CRYPT') return readCrypt(prefix, value, rules);
  if (scheme === 'ARGON2') return argon2Hash('LDAP ', prefix, value);
  const digest = PBKDF2_DIGESTS.get(scheme);
  if (digest !== undefined) return readPbkdf2(format, prefix, digest, value);
  const reason = REFUSED.get(scheme);
  return reason === undefined ? null : { verifiable: false, format, reason };
}

/** A hash of crypt(3), whichever the system had that made it. */
function readCrypt(prefix: string, value: string, { longBcryptPasswords }: HashRules): StoredHash | null {
  return (
    bcryptHash('LDAP bcrypt', prefix, value, longBcryptPasswords, (password) => password) ??
    shaCryptHash('LDAP ', prefix, value) ??
    readUnsupported(value) ?? {
      verifiable: false,
      format: 'LDAP {CRYPT}',
      reason: 'which the gateway does not compute',
    }
  );
}

/** SHA of the password followed by the salt. The value is the base64 of the digest followed by the salt. */
function saltedSha(
  format: string,
  prefix: string,
  digest: keyof typeof SHA_BYTES,
  value: string,
  rules: HashRules,
): StoredHash | null {
  const bytes = decode(value, 'base64');
  const length = SHA_BYTES[digest];
  if (bytes === null || bytes.length < length) return null;
  const salt = bytes.subarray(length);
  return weakHash(
    {
      format,
      parameters: 'one round',
      demands: { salt: salt.length },
      expected: bytes.subarray(0, length),
      derive: async (password) => hash(digest, Buffer.concat([Buffer.from(password), salt]), 'buffer'),
      decoy: () => prefix + encode(randomBytes(bytes.length), 'base64'),
    },
    rules,
  );
}

function readPbkdf2(format: string, prefix: string, digest: Pbkdf2Digest, value: string): StoredHash | null {
  const [, rounds, saltText = '', digestText = ''] = PBKDF2.exec(value) ?? [];
  const salt = decode(saltText, 'passlib');
  const expected = decode(digestText, 'passlib');
  if (rounds === undefined || salt === null || expected === null) return null;
  return pbkdf2Hash({
    format,
    digest,
    rounds: Number(rounds),
    salt,
    expected,
    decoyWith: (drawn) => {
      const [newSalt, newDigest] = [randomBytes(salt.length), drawn].map((bytes) => encode(bytes, 'passlib'));
      return `${prefix}${rounds}$${newSalt}$${newDigest}`;
    },
  });
}
