import { loginColumns } from '../../settings/schema/account-options.ts';
import type { Settings } from '../../settings/schema/settings.ts';

/** The field of the login page for what an account owner logs in with. */
export interface LoginField {
  /** Such as "Email", or "Username or email". */
  readonly label: string;
  readonly type: 'email' | 'text';
}

const EMAIL: LoginField = { label: 'Email', type: 'email' };

/** The field for the gateway's own table, or by the names of the columns of an application's. */
export function loginField({ table, columns }: Pick<Settings['accounts'], 'table' | 'columns'>): LoginField {
  if (table === undefined) return EMAIL;
  const { email, logins } = loginColumns(columns);
  if (logins.length === 1 && logins[0] === email) return EMAIL;
  const text = logins.map((name) => (name === email ? 'email' : wordsOf(name))).join(' or ');
  return { label: text.charAt(0).toUpperCase() + text.slice(1), type: 'text' };
}

/** The words of the name of a column: `phone_number` and `phoneNumber` are "phone number". */
function wordsOf(name: string): string {
  return name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .toLowerCase();
}
