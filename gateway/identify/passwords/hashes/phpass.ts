import { hash, randomBytes } from 'node:crypto';
import { CRYPT_CHARACTER, cryptValue, encodeForCrypt } from './crypt-base64.ts';
import { randomText } from './encoding.ts';
import { inForms, phpbbForms, upTo, wordpressForms } from './password-forms.ts';
import { computeInThread } from './rounds/threads.ts';
import { digestHash, type StoredHash } from './stored-hash.ts';

/** Prefix, log2 of the rounds, salt, digest. The last character of 16 bytes has two bits. Drupal cuts its digest. */
const FORM = new RegExp(
  `^(U?)\\$([PHS])\\$(${CRYPT_CHARACTER})(${CRYPT_CHARACTER}{8})(${CRYPT_CHARACTER}{21}[./01]|${CRYPT_CHARACTER}{43})$`,
);
const LENGTHS = { md5: 22, sha512: 43 };

/** phpass and WordPress. */
const LONGEST = 4096;
/** `PASSWORD_MAX_LENGTH` of Drupal. */
const LONGEST_OF_DRUPAL = 512;

const KINDS = {
  P: { format: 'phpass', digest: 'md5', forms: (password: string) => wordpressForms(password, LONGEST) },
  H: { format: 'phpBB phpass', digest: 'md5', forms: (password: string) => phpbbForms(password, LONGEST) },
  S: { format: 'Drupal sha512', digest: 'sha512', forms: (password: string) => upTo(LONGEST_OF_DRUPAL, password) },
} as const;

/**
 * Parses the portable hashes of phpass: `$P$` of WordPress before 6.8, older Joomla and others, `$H$` of phpBB 3.0, and `$S$` of
 * Drupal 7 to 10.0. `U` stands before hashes of hashes that Drupal 7 made of the unsalted MD5 of Drupal 6.
 */
export function readPhpass(text: string): StoredHash | null {
  const [form, updated = '', kind, log2 = '', salt = '', digestText = ''] = FORM.exec(text) ?? [];
  if (form === undefined) return null;
  const { format, digest, forms } = KINDS[kind as keyof typeof KINDS];
  const length = LENGTHS[digest];
  if (digestText.length !== length) return null;
  const rounds = 2 ** cryptValue(log2);
  const stored = digestHash({
    format: updated === '' ? format : `${format} of md5`,
    parameters: `${rounds} rounds`,
    demands: { phpassRounds: rounds },
    expected: Buffer.from(digestText),
    async derive(password) {
      const derived = await computeInThread({ recipe: 'phpass', digest, salt, rounds, password });
      return Buffer.from(encodeForCrypt(derived).slice(0, length));
    },
    decoy: () =>
      `${updated}$${kind}$${log2}${randomText(salt.length)}${encodeForCrypt(randomBytes(digest === 'md5' ? 16 : 64)).slice(0, length)}`,
  });
  return inForms(stored, updated === '' ? forms : (password) => [hash('md5', password, 'hex')]);
}
