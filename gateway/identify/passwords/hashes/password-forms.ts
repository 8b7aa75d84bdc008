import type { StoredHash } from './stored-hash.ts';

/**
 * Checks the password in the forms in which the application may have hashed it. All forms are computed even if the first one
 * matches, so that the time depends on the sent password only.
 *
 * @param formsOf none: the application accepts no such password, for example because it is too long
 */
export function inForms(
  stored: StoredHash | null,
  formsOf: (password: string) => readonly string[],
): StoredHash | null {
  if (!stored?.verifiable) return stored;
  return {
    ...stored,
    async verify(password) {
      const forms = new Set(formsOf(password));
      let matches = false;
      for (const form of forms.size === 0 ? [''] : forms) {
        if (await stored.verify(form)) matches = forms.size > 0;
      }
      return matches;
    },
  };
}

/** The form itself, unless it is longer than the application accepts. */
export function upTo(bytes: number, form: string): readonly string[] {
  return Buffer.byteLength(form) <= bytes ? [form] : [];
}

/** The white space that PHP's `trim` removes. */
const PHP_SPACE = /^[ \t\n\r\0\v]+|[ \t\n\r\0\v]+$/g;

/**
 * WordPress hashes what PHP's `addslashes` makes of the trimmed password (`wp_magic_quotes`). Other programs that write the
 * same formats hash the password as it is.
 */
export function wordpressForms(password: string, longest: number): readonly string[] {
  const slashed = password.replace(PHP_SPACE, '').replace(/['"\\]/g, '\\$&');
  // WordPress refuses an empty password before it looks at the hash.
  return [...(slashed === '' ? [] : upTo(longest, slashed)), ...upTo(longest, password)];
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '"': '&quot;', '<': '&lt;', '>': '&gt;' };

/** phpBB hashes what PHP's `htmlspecialchars` makes of the password. */
export function phpbbForms(password: string, longest: number): readonly string[] {
  const escaped = password.replace(/[&"<>]/g, (character) => ENTITIES[character] ?? character);
  return [...upTo(longest, escaped), ...upTo(longest, password)];
}
