import { GatewayError } from '../../domain/errors.ts';
import type { OpenTable } from '../../stores/accounts/adopted-table.ts';
import { DIALECTS } from '../../stores/accounts/dialects/dialects.ts';
import type { AccountReader } from '../../stores/accounts/store.ts';
import { quotedTable } from '../../stores/accounts/table-columns.ts';
import { type LookUpPlan, lookUpPlan } from '../../stores/catalog/look-up-plan.ts';
import type { Database } from '../../stores/database/connection.ts';

/** How the gateway finds an account by its email. */
export interface LookUp extends LookUpPlan {
  /** Of the column; null: that of the database, or none. */
  readonly collation: string | null;
  /** Milliseconds of a look-up, the fastest of a few. */
  readonly milliseconds: number;
  /** What makes the look-up use an index; null: it does. */
  readonly advice: string | null;
}

/** An email that no account has; RFC 2606 reserves its domain. */
const NOBODY = 'nobody-of-gatehouse@example.invalid';
const ATTEMPTS = 3;

/**
 * Asks how the database runs the gateway's own query by email, and measures it.
 *
 * @param name as the configuration names the table
 * @returns null when the database does not explain the query
 */
export async function lookUpOf(
  database: Database,
  name: string,
  table: OpenTable,
  findByEmail: AccountReader['findByEmail'],
): Promise<LookUp | null> {
  const condition = table.byEmail(NOBODY);
  if (condition === null) return null;
  const plan = await lookUpPlan(database, table.rows().whereRaw(condition)).catch((error: unknown) => {
    // A standby begins no transaction, and a view may hide its tables.
    if (error instanceof GatewayError) return null;
    throw error;
  });
  if (plan === null) return null;
  const milliseconds = await fastest(() => findByEmail(NOBODY));
  const advice = plan.isFullScan ? adviceFor(database, name, table) : null;
  return { ...plan, collation: table.email.collation, milliseconds, advice };
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

function adviceFor(database: Database, name: string, { email }: OpenTable): string {
  const table = quotedTable(database, name);
  const column = DIALECTS[database.kind].quoted(email.name);
  switch (database.kind) {
    case 'sqlite':
      return `create index users_by_email on ${table} (${column} collate nocase)`;
    case 'postgres':
      return `create index on ${table} (lower(${column}))`;
    case 'mysql':
      return email.collation?.endsWith('_ci')
        ? `create index users_by_email on ${table} (${column})`
        : `give the column ${column} of ${table} a collation that ignores case (…_ci), and an index`;
  }
}
