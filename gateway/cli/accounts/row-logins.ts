import { canonicalEmail } from '../../domain/account.ts';
import { isTokenUser } from '../../domain/identity.ts';
import { type AdoptedRow, loginsOf, type OpenTable } from '../../stores/accounts/adopted-table.ts';
import { columnsFor } from '../../stores/accounts/logins.ts';

/** What a row has in one column of logins. */
export interface RowLogin {
  /** The column; "email" for the column of emails. */
  readonly name: string;
  /** null: nothing. */
  readonly value: string | null;
  /** The form in which it is compared with the logins of other rows. */
  readonly key: string | null;
  /** Why nobody can log in with it, as far as the row itself tells. */
  readonly problems: readonly string[];
}

/** @returns a login for each column of logins */
export function rowLogins(row: AdoptedRow, table: Pick<OpenTable, 'logins'>): RowLogin[] {
  return loginsOf(row, table).flatMap((value, index): RowLogin[] => {
    const column = table.logins[index];
    if (column === undefined) return [];
    const name = column.isEmail ? 'email' : column.column.name;
    if (value === null || value === '') {
      return [{ name, value: null, key: null, problems: [`the ${name} is ${value === null ? 'NULL' : 'empty'}`] }];
    }
    const key = column.isEmail ? canonicalEmail(value) : value;
    const problems = textProblems(name, value);
    if (columnsFor(table.logins, value).includes(column)) return [{ name, value, key, problems }];
    // It is compared with no login of another row.
    const reason = column.isEmail
      ? 'has no @, and so is read as another login'
      : 'has an @, and so is read as an email';
    return [{ name, value, key: null, problems: [...problems, `the ${name} ${reason}`] }];
  });
}

function textProblems(name: string, value: string): string[] {
  return [
    // RFC 7617 section 2.
    ...(/[:\p{Cc}]/u.test(value)
      ? [`the ${name} has a colon or a control character, which HTTP Basic cannot carry`]
      : []),
    ...(isTokenUser(value) ? [`the ${name} is a user name reserved for tokens`] : []),
  ];
}

export function sharedBy({ name }: RowLogin): string {
  return name === 'email'
    ? 'another row has the same email, but for case or composition'
    : `another row has the same login as the ${name}`;
}

export function notFoundBy({ name }: RowLogin): string {
  return `the look-up does not find the ${name}`;
}
