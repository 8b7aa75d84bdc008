import { createCipheriv, randomBytes } from 'node:crypto';
import { decode, encode } from './encoding.ts';
import type { FirebaseKey, HashRules } from './hash-rules.ts';
import { scryptHash } from './scrypt.ts';
import type { StoredHash } from './stored-hash.ts';

export const FIREBASE = 'Firebase scrypt';

/** As Ory Kratos writes it; the salt separator and the signer key at the end may be left out. */
const KRATOS =
  /^\$firescrypt\$ln=(?<memory>[1-9]\d*),r=(?<rounds>[1-9]\d*),p=1\$(?<salt>[^$]+)\$(?<digest>[^$]+)(?:\$(?<separator>[^$]*)\$(?<key>[^$]+))?$/;
/** As Supabase writes it; `ss` (the salt separator) and `sk` (the signer key) may be left out. */
const SUPABASE =
  /^\$fbscrypt\$v=1,n=(?<memory>[1-9]\d*),r=(?<rounds>[1-9]\d*),p=1(?:,ss=(?<separator>[^,$]*),sk=(?<key>[^,$]+))?\$(?<salt>[^$]+)\$(?<digest>[^$]+)$/;

/** The AES key: the first bytes of the output of scrypt. */
const AES_KEY_BYTES = 32;
const ZEROS = Buffer.alloc(16);

/**
 * Parses Firebase's modified scrypt in the two forms that programs write, since Firebase itself exports hash and salt apart.
 * The key of the project is in the text, or in the settings.
 */
export function readFirebase(text: string, rules: HashRules): StoredHash | null {
  const { groups } = KRATOS.exec(text) ?? SUPABASE.exec(text) ?? {};
  if (groups === undefined) return null;
  const { memory, rounds, salt: saltText = '', digest = '', separator, key } = groups;
  const salt = decodeExported(saltText);
  const expected = decodeExported(digest);
  const own = key === undefined || separator === undefined ? null : readKey(separator, key);
  if (salt === null || expected === null || own === 'malformed') return null;
  const firebase = own ?? rules.firebase;
  if (firebase === null) return refused('which needs the key of its project: set accounts.firebase');
  const { signerKey, saltSeparator } = firebase;
  if (expected.length !== signerKey.length)
    return refused(
      `whose digest has ${expected.length} bytes, but the signer key ${signerKey.length}: another project's key`,
    );

  return scryptHash({
    format: FIREBASE,
    N: 2 ** Number(memory),
    r: Number(rounds),
    p: 1,
    salt: Buffer.concat([salt, saltSeparator]),
    expected,
    length: expected.length,
    seal(derived) {
      const cipher = createCipheriv('aes-256-ctr', derived.subarray(0, AES_KEY_BYTES), ZEROS);
      return cipher.update(signerKey);
    },
    decoyWith(drawn) {
      const [newSalt, newDigest] = [randomBytes(salt.length), drawn].map((bytes) => encode(bytes, 'base64'));
      // Both forms begin with name and parameters.
      const [, name, parameters, , , ...keys] = text.split('$');
      return ['', name, parameters, newSalt, newDigest, ...keys].join('$');
    },
  });
}

function readKey(separator: string, key: string): FirebaseKey | 'malformed' {
  const signerKey = decodeExported(key);
  const saltSeparator = decodeExported(separator);
  if (signerKey === null || saltSeparator === null || signerKey.length < AES_KEY_BYTES) return 'malformed';
  return { signerKey, saltSeparator };
}

/** Firebase's command line exports standard base64, its Admin SDK the alphabet of URLs. */
function decodeExported(text: string): Buffer | null {
  return decode(text.replaceAll('-', '+').replaceAll('_', '/'), 'base64');
}

function refused(reason: string): StoredHash {
  return { verifiable: false, format: FIREBASE, reason };
}
