import { randomBytes } from 'node:crypto';
import { CRYPT_CHARACTER, encodeForCrypt } from './crypt-base64.ts';
import { randomText } from './encoding.ts';
import { inForms, upTo } from './password-forms.ts';
import { computeInThread } from './rounds/threads.ts';
import { digestHash, type StoredHash } from './stored-hash.ts';

/** The last character of 32 bytes has four bits, that of 64 bytes two. */
const FORM = new RegExp(
  `^\\$([56])\\$(?:rounds=([1-9]\\d*)\\$)?(${CRYPT_CHARACTER}{1,16})\\$(${CRYPT_CHARACTER}{42}[./0-9A-D]|${CRYPT_CHARACTER}{85}[./01])$`,
);
const KINDS = {
  '5': { name: 'crypt sha256', digest: 'sha256', bytes: 32, characters: 43 },
  '6': { name: 'crypt sha512', digest: 'sha512', bytes: 64, characters: 86 },
} as const;
const ROUNDS_WHERE_NONE_ARE_GIVEN = 5000;
/** libxcrypt, the crypt(3) of most Linux systems, computes no longer one. The time grows with the length. */
const LONGEST = 511;

/** Parses `$5$` and `$6$` of crypt(3) and passlib. */
export function readShaCrypt(text: string): StoredHash | null {
  return shaCryptHash('', '', text);
}

/**
 * Parses a hash of crypt(3) after the prefix of its program.
 *
 * @param writer the prefix of the format's name; empty for the common format
 * @param text the hash without the prefix
 */
export function shaCryptHash(writer: string, prefix: string, text: string): StoredHash | null {
  const [form, kind, given, salt = '', digestText = ''] = FORM.exec(text) ?? [];
  if (form === undefined) return null;
  const { name, digest, bytes, characters } = KINDS[kind as keyof typeof KINDS];
  if (digestText.length !== characters) return null;
  const rounds = given === undefined ? ROUNDS_WHERE_NONE_ARE_GIVEN : Number(given);
  const stored = digestHash({
    format: writer + name,
    parameters: `${rounds} rounds`,
    demands: { shaCryptRounds: rounds },
    expected: Buffer.from(digestText),
    derive: async (password) =>
      Buffer.from(encodeDigest(await computeInThread({ recipe: 'sha-crypt', digest, salt, rounds, password }))),
    decoy() {
      const settings = given === undefined ? '' : `rounds=${given}$`;
      return `${prefix}$${kind}$${settings}${randomText(salt.length)}$${encodeDigest(randomBytes(bytes))}`;
    },
  });
  return inForms(stored, (password) => upTo(LONGEST, password));
}

/**
 * Encodes the bytes in the order of the specification: a group has three bytes that are a third of the digest apart, the last one
 * first, and from group to group they rotate, the other way with SHA-256.
 */
function encodeDigest(digest: Uint8Array): string {
  const third = Math.floor(digest.length / 3);
  const rotation = digest.length === 64 ? 1 : 2;
  const ordered: number[] = [];
  for (let at = 0; at < third; at += 1) {
    for (const place of [2, 1, 0]) ordered.push(at + third * ((place + at * rotation) % 3));
  }
  for (let at = 3 * third; at < digest.length; at += 1) ordered.push(at);
  return encodeForCrypt(Uint8Array.from(ordered, (at) => digest[at] ?? 0));
}
