import { hash, randomBytes } from 'node:crypto';
import { decode, encode, randomText } from './encoding.ts';
import type { HashRules } from './hash-rules.ts';
import { type StoredHash, weakHash } from './stored-hash.ts';

/** Digest and salt. */
const FORM = /^(|\{SHA256\})([0-9a-f]{32}|[0-9a-f]{64}):([0-9A-Za-z]{16,32})$/;
const KINDS = {
  '': { name: 'md5', bytes: 16 },
  '{SHA256}': { name: 'sha256', bytes: 32 },
} as const;

/** Parses the hashes of Joomla before 3.2: a digest of the password followed by the salt. Later ones are phpass or bcrypt. */
export function readJoomla(text: string, rules: HashRules): StoredHash | null {
  const [, prefix, hex = '', salt = ''] = FORM.exec(text) ?? [];
  const expected = decode(hex, 'hex');
  if (prefix === undefined || expected === null) return null;
  const { name, bytes } = KINDS[prefix as keyof typeof KINDS];
  if (expected.length !== bytes) return null;
  return weakHash(
    {
      format: `Joomla ${name}`,
      parameters: 'one round',
      demands: { salt: salt.length },
      expected,
      derive: async (password) => hash(name, password + salt, 'buffer'),
      decoy: () => `${prefix}${encode(randomBytes(bytes), 'hex')}:${randomText(salt.length)}`,
    },
    rules,
  );
}
