import knex from 'knex';
import type { Account } from '../../../gateway/domain/account.ts';
import { GatewayError, OperatorError } from '../../../gateway/domain/errors.ts';
import { sqlAccountStore } from '../../../gateway/stores/accounts/store.ts';
import type { QueryRunner } from '../../../gateway/stores/database/connection.ts';
import type { Random } from '../../random.ts';
import type { Campaign } from '../campaign.ts';
import { type Finding, firstOf } from '../finding.ts';

type Cell = null | boolean | number | string | readonly Cell[] | { readonly [key: string]: Cell };
type Row = { [column: string]: Cell };

/**
 * Rows of the gateway's own table of accounts as no release writes them, as after a change by hand: as JSON, in which `{"bytes":
 * "…"}` is a Buffer and `{"undefined": true}` undefined. Each is an account with fields of the right types that the row has, or an outage.
 */
export const sqlAnswers: Campaign = {
  name: 'sql-answers',
  open(scope) {
    const sql = knex({ client: 'better-sqlite3', useNullAsDefault: true, connection: { filename: ':memory:' } });
    scope.teardown(() => sql.destroy());
    return { generate: rows, compare: (bytes) => compare(bytes.toString(), sql) };
  },
};

const USUAL: Row = {
  ...{
    id: 1,
    email: 'ada@example.com',
    email_key: 'ada@example.com',
    password_hash: '$2b$04$x',
    confirmed_at: 1,
    stamp: 's',
  },
  ...{ created_at: 1, updated_at: 1, group_name: null },
};
const ODD: readonly [Cell, ...Cell[]] = [
  null,
  ...[true, false, 0, -1, 1.5, 1e21, '', '0', '1', 'x', 'x'.repeat(3_000), '\0', 'a\nb', [], {}, [1]],
  ...[{ bytes: '' }, { bytes: '00' }, { bytes: '616461' }, { undefined: true }, { date: 0 }],
];

function rows(random: Random): Buffer {
  const made = Array.from({ length: random.mostly(4, 1, 0, 2, 3) }, () => {
    const row = { ...USUAL };
    for (let changes = random.below(3); changes > 0; changes -= 1) {
      const column = random.of(Object.keys(USUAL) as [string, ...string[]]);
      if (random.once(4)) delete row[column];
      else row[column] = random.of(ODD);
    }
    return row;
  });
  return Buffer.from(JSON.stringify(made));
}

/** What a driver gives for the JSON of a cell. */
function given(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('bytes' in value) return Buffer.from(String(value.bytes), 'hex');
  return 'date' in value ? new Date(Number(value.date)) : value;
}

function rowsIn(text: string): Record<string, unknown>[] | null {
  try {
    const made: unknown = JSON.parse(text, given);
    if (!Array.isArray(made) || !made.every((row) => typeof row === 'object' && row !== null)) return null;
    const isMissing = (cell: unknown) => typeof cell === 'object' && cell !== null && 'undefined' in cell;
    return made.map((row: object) =>
      Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, isMissing(cell) ? undefined : cell])),
    );
  } catch {
    return null;
  }
}

async function compare(text: string, sql: QueryRunner['sql']): Promise<Finding> {
  const found = rowsIn(text);
  if (found === null) return { kind: 'no rows', difference: null };
  const query = (async () => found) as unknown as QueryRunner['query'];
  const store = sqlAccountStore({ kind: 'sqlite', sql, query });
  try {
    const account = await store.findById('1');
    const [row] = found;
    if (row === undefined) return { kind: 'none', difference: account === null ? null : 'makes an account up' };
    if (account === null) return { kind: 'none', difference: 'drops a row' };
    return { kind: 'an account', difference: differenceIn(account, row, found) };
  } catch (error) {
    const isOutage = (error instanceof GatewayError && error.status === 503) || error instanceof OperatorError;
    return { kind: 'outage', difference: isOutage ? null : `throws ${error}` };
  }
}

function differenceIn(
  account: Account,
  row: Record<string, unknown>,
  all: readonly Record<string, unknown>[],
): string | null {
  const { id, email, logins, passwordHash, confirmed, stamp, groups } = account;
  const isText = (value: unknown) => typeof value === 'string' && value !== '';
  return firstOf(
    /^[1-9]\d*$/.test(id) && id === String(row.id) && typeof row.id !== 'object' ? null : `has the id ${id}`,
    isText(email) && email === row.email && logins.length === 1 && logins[0] === email
      ? null
      : `has the email ${email}`,
    isText(stamp) && stamp === row.stamp ? null : `has the stamp ${stamp}`,
    (passwordHash === null || typeof passwordHash === 'string') && passwordHash === row.password_hash
      ? null
      : `has the hash ${passwordHash}`,
    confirmed === (typeof row.confirmed_at === 'number') ? null : `is confirmed by ${row.confirmed_at}`,
    groups.every((name) => isText(name) && all.some((one) => one.group_name === name))
      ? null
      : `has the groups ${groups}`,
  );
}
