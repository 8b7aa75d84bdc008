import { GatewayError } from '../../domain/errors.ts';
import type { OpenTable } from '../../stores/accounts/adopted-table.ts';
import { DIALECTS } from '../../stores/accounts/dialects/dialects.ts';
import type { LoginColumn } from '../../stores/accounts/logins.ts';
import type { AccountReader } from '../../stores/accounts/store.ts';
import { quotedTable } from '../../stores/accounts/table-columns.ts';
import { type LookUpPlan, lookUpPlan } from '../../stores/catalog/look-up-plan.ts';
import type { Database } from '../../stores/database/connection.ts';

/** How the gateway finds an account by a column of logins. */
export interface LookUp extends LookUpPlan {
  /** The column; "email" for the column of emails. */
  readonly login: string;
  /** Of the column; null: that of the database, or none. */
  readonly collation: string | null;
  /** Milliseconds of a look-up, the fastest of a few. */
  readonly milliseconds: number;
  /** What makes the look-up use an index; null: it does. */
  readonly advice: string | null;
}

/** What no account has: an email, whose domain RFC 2606 reserves, and a number for columns of numbers. */
const NOBODY = ['nobody-of-gatehouse@example.invalid', '-1'];
const ATTEMPTS = 3;

/**
 * Asks how the database runs the gateway's own query by each login, and measures it.
 *
 * @param name as the configuration names the table
 * @returns without those that the database does not explain
 */
export async function lookUpsOf(
  database: Database,
  name: string,
  table: OpenTable,
  findByLogin: AccountReader['findByLogin'],
): Promise<LookUp[]> {
  const found: LookUp[] = [];
  for (const login of table.logins) found.push(...(await lookUpOf(database, name, table, login, findByLogin)));
  return found;
}

async function lookUpOf(
  database: Database,
  name: string,
  table: OpenTable,
  login: LoginColumn,
  findByLogin: AccountReader['findByLogin'],
): Promise<LookUp[]> {
  const nobody = NOBODY.find((text) => login.find(text) !== null);
  const condition = nobody === undefined ? null : login.find(nobody);
  if (nobody === undefined || condition === null) return [];
  const plan = await lookUpPlan(database, table.rows().whereRaw(condition)).catch((error: unknown) => {
    // A standby begins no transaction, and a view may hide its tables.
    if (error instanceof GatewayError) return null;
    throw error;
  });
  if (plan === null) return [];
  const { column, isEmail } = login;
  const milliseconds = await fastest(() => findByLogin(nobody));
  const advice = plan.isFullScan ? adviceFor(database, name, login) : null;
  return [{ ...plan, login: isEmail ? 'email' : column.name, collation: column.collation, milliseconds, advice }];
}

async function fastest(work: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const begun = performance.now();
    await work();
    least = Math.min(least, performance.now() - begun);
  }
  return Math.round(least * 10) / 10;
}

function adviceFor(
  database: Database,
  name: string,
  { column: { name: unquoted, collation }, isEmail }: LoginColumn,
): string {
  const table = quotedTable(database, name);
  const column = DIALECTS[database.kind].quoted(unquoted);
  if (!isEmail) return `create index users_by_login on ${table} (${column})`;
  switch (database.kind) {
    case 'sqlite':
      return `create index users_by_email on ${table} (${column} collate nocase)`;
    case 'postgres':
      return `create index on ${table} (lower(${column}))`;
    case 'mysql':
      return collation?.endsWith('_ci')
        ? `create index users_by_email on ${table} (${column})`
        : `give the column ${column} of ${table} a collation that ignores case (…_ci), and an index`;
  }
}
