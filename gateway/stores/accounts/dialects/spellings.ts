import { canonicalEmail } from '../../../domain/account.ts';

/** An email in NFC and NFD, in lower and upper case, and as typed: not every database folds all letters. */
export function spellingsOf(email: string): string[] {
  const canonical = canonicalEmail(email);
  return [...new Set([email, canonical, canonical.normalize('NFD'), canonical.toUpperCase()])];
}

export function isAscii(text: string): boolean {
  return /^\p{ASCII}*$/u.test(text);
}

/** As many placeholders as there are values. */
export function placeholders(values: readonly unknown[], placeholder = '?'): string {
  return values.map(() => placeholder).join(', ');
}
