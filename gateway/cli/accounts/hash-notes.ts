import { PEPPERED } from '../../identify/passwords/hashes/bcrypt.ts';
import { FIREBASE } from '../../identify/passwords/hashes/firebase.ts';
import type { HashRules } from '../../identify/passwords/hashes/hash-rules.ts';
import type { Caveat } from '../../identify/passwords/hashes/stored-hash.ts';
import type { CountedForm } from './hash-forms.ts';

const CAVEATS: Readonly<Record<Caveat, string>> = {
  cut: 'of a password of more than 72 bytes, only the first 72 count, as in most applications with bcrypt',
  weak:
    "weak: whoever reads the table finds most passwords; in the gateway's own table, the next login replaces the hash; " +
    "an application's should get new hashes or new passwords, and then no accounts.allowWeakHashes",
};

/**
 * What an operator should know of the hashes of a table, a line each.
 *
 * @param forms the forms of the hashes that can be verified
 */
export function hashNotes(forms: readonly CountedForm[], { pepper, firebase }: HashRules): string[] {
  const formats = (caveat: Caveat) =>
    new Set(forms.filter((form) => form.caveat === caveat).map(({ format }) => format));
  const caveats = (['cut', 'weak'] as const)
    .map((caveat) => ({ names: [...formats(caveat)].join(', '), caveat }))
    .filter(({ names }) => names !== '')
    .map(({ names, caveat }) => `${names}: ${CAVEATS[caveat]}`);
  return [
    ...caveats,
    ...(pepper === '' ? [] : [secretNote('accounts.pepper', forms, PEPPERED)]),
    ...(firebase === null ? [] : [secretNote('accounts.firebase', forms, FIREBASE)]),
  ];
}

function secretNote(option: string, forms: readonly CountedForm[], user: string): string {
  if (!forms.some(({ format }) => format === user)) return `${option}: no hash of the table uses it`;
  return `${option}: only a login shows whether it is the right one; with a wrong one, every password is refused`;
}
