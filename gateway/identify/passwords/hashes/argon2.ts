import { argon2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { decode, encode } from './encoding.ts';
import { digestHash, type StoredHash } from './stored-hash.ts';

const deriveArgon2 = promisify(argon2);

/** Only version 0x13, which all these frameworks have written since 2016. */
const FORM = /^\$(argon2id?)(\$v=19\$m=([1-9]\d*),t=([1-9]\d*),p=([1-9]\d*)\$)([+/A-Za-z0-9]+)\$([+/A-Za-z0-9]+)$/;

/** Argon2 (RFC 9106) as PHP's password_hash and argon2-cffi write it. */
export function readArgon2(text: string): StoredHash | null {
  return argon2Hash('', '', text);
}

/**
 * Parses an Argon2 hash after the prefix of its framework.
 *
 * @param writer the prefix of the format's name; empty for the common format
 * @param text the hash without the prefix
 */
export function argon2Hash(writer: string, prefix: string, text: string): StoredHash | null {
  const [, name, settings, m, t, p, saltText = '', digestText = ''] = FORM.exec(text) ?? [];
  if (name !== 'argon2i' && name !== 'argon2id') return null;
  const salt = decode(saltText, 'unpadded');
  const expected = decode(digestText, 'unpadded');
  if (salt === null || expected === null) return null;

  const format = `${writer}${name}`;
  const [memory, passes, parallelism] = [Number(m), Number(t), Number(p)];
  // RFC 9106 section 3.1: at least 8 KiB for each lane.
  if (memory < 8 * parallelism) {
    return { verifiable: false, format, reason: `Argon2 is not defined for m=${m} with p=${p}` };
  }
  const given = { nonce: salt, memory, passes, parallelism, tagLength: expected.length };
  return digestHash({
    format,
    parameters: `m=${m}, t=${t}, p=${p}`,
    demands: {
      argon2Memory: memory,
      argon2Work: memory * passes,
      argon2Passes: passes,
      argon2Lanes: parallelism,
      argon2Salt: salt.length,
      digest: expected.length,
    },
    expected,
    derive: (message) => deriveArgon2(name, { message, ...given }),
    decoy() {
      const [newSalt, newDigest] = [salt, expected].map(({ length }) => encode(randomBytes(length), 'unpadded'));
      return `${prefix}$${name}${settings}${newSalt}$${newDigest}`;
    },
  });
}
