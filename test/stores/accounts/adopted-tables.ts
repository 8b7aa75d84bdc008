import type { AdoptedTable } from '../../../gateway/stores/accounts/adopted-table.ts';
import type { Database } from '../../../gateway/stores/database/connection.ts';

/** `accounts.columns` of `USERS`. */
export const COLUMNS = { id: 'id', email: 'e-mail', password: 'key' };

/** A table of users as applications have it, under names that must be quoted. */
export const USERS: AdoptedTable = {
  name: 'app-users',
  columns: { ...COLUMNS, logins: ['e-mail'] },
  idForm: null,
  confirmed: { column: 'confirmed' },
  groups: null,
};

export interface User {
  readonly id: string | number | null;
  readonly email: string | null;
  readonly password?: string | null;
  readonly confirmed?: unknown;
}

/** @param types of the columns as the database spells them */
export async function usersTable(
  { kind, sql }: Database,
  types: { id?: string; email?: string; confirmed?: string } = {},
): Promise<(...users: User[]) => Promise<void>> {
  const { id = kind === 'sqlite' ? 'integer' : 'bigint', email = 'varchar(255)', confirmed = 'int' } = types;
  await sql.raw(
    `create table ?? (id ${id}, ?? ${email} null, ?? varchar(255) null, confirmed ${confirmed} null, extra int not null default 7)`,
    [USERS.name, USERS.columns.email, USERS.columns.password],
  );
  return async (...users) => {
    for (const user of users) {
      await sql(USERS.name).insert({
        id: user.id,
        'e-mail': user.email,
        key: user.password ?? null,
        confirmed: user.confirmed === undefined ? 1 : user.confirmed,
      });
    }
  };
}
