import type { CatalogTable } from '../../stores/catalog/catalog.ts';
import type { CatalogColumn } from '../../stores/catalog/catalog-row.ts';

/** The columns of a table by what frameworks call them. */
export interface NamedColumns {
  readonly all: readonly CatalogColumn[];
  /** @param names as `plainName` writes them, the preferred one first @returns the first that exists */
  first(names: readonly string[]): CatalogColumn | null;
  /** All that exist, in the order of the names. */
  every(names: readonly string[]): CatalogColumn[];
  has(...names: readonly string[]): boolean;
}

/** The form in which names are compared: `emailVerified`, `email_verified` and `EmailVerified` are alike. */
export function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

export function namedColumns({ columns }: Pick<CatalogTable, 'columns'>): NamedColumns {
  const byName = new Map<string, CatalogColumn>();
  for (const column of columns) {
    const name = plainName(column.name);
    if (!byName.has(name)) byName.set(name, column);
  }
  const every = (names: readonly string[]) => names.flatMap((name) => byName.get(name) ?? []);
  return {
    all: columns,
    every,
    first: (names) => every(names)[0] ?? null,
    has: (...names) => names.every((name) => byName.has(name)),
  };
}

/** Names of tables of users, as frameworks and people choose them. */
export const USERS_TABLE = /(?:users?|accounts?|members?|customers?|people|person|logins?|usersfielddata)$/;

export const PASSWORDS: readonly string[] = [
  ...['passwordhash', 'hashedpassword', 'encryptedpassword', 'passworddigest', 'cryptedpassword', 'password'],
  ...['userpassword', 'userpass', 'passwd', 'pass', 'pwd', 'passhash', 'pwdhash', 'hash'],
];
export const EMAILS: readonly string[] = ['email', 'emailaddress', 'useremail', 'mail', 'emailaddr'];
export const LOGINS: readonly string[] = [
  ...['username', 'userlogin', 'login', 'loginname', 'uname', 'phonenumber', 'phone', 'mobile'],
];
export const IDS: readonly string[] = ['id', 'uid', 'userid', 'uuid', 'guid', 'accountid'];

/** What kind of value a column has, as far as its type tells. */
export type ValueKind = 'moment' | 'boolean' | 'number' | 'text';

export function valueKind({ type }: CatalogColumn): ValueKind {
  if (/date|time/.test(type)) return 'moment';
  if (/bool/.test(type)) return 'boolean';
  if (/int|bit|numeric|decimal|real|float|double|serial/.test(type)) return 'number';
  return 'text';
}
