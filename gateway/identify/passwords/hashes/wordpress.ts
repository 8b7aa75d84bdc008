import { createHmac } from 'node:crypto';
import { bcryptHash } from './bcrypt.ts';
import { inForms, wordpressForms } from './password-forms.ts';
import type { StoredHash } from './stored-hash.ts';

const PREFIX = '$wp';
/** `wp_hash_password` and `wp_check_password` refuse longer ones. */
const LONGEST = 4096;

/** Parses the hashes of WordPress since 6.8: `$wp`, and bcrypt of the base64 of an HMAC of the password. */
export function readWordpress(text: string): StoredHash | null {
  if (!text.startsWith(`${PREFIX}$2y$`)) return null;
  const inner = text.slice(PREFIX.length);
  // The input of bcrypt has 64 bytes for a password of any length.
  const stored = bcryptHash('WordPress bcrypt', PREFIX, inner, 'refused', (password) =>
    createHmac('sha384', 'wp-sha384').update(password).digest('base64'),
  );
  return inForms(stored, (password) => wordpressForms(password, LONGEST));
}
