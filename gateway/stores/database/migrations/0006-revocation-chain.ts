import type { Knex } from 'knex';
import { randomHex } from '../../../http/random-hex.ts';
import type { Migration } from './migration.ts';

/**
 * What tells one history of revocations from another: see `tokens/history.ts`.
 *
 * `installation` names the database, once and for all. `chain` is a random value that each revocation has of its own, and
 * the head has that of the newest. `is_settled` is 0 while the tokens of a voided account are yet to be marked one by one.
 *
 * The indexes find the revocation of a token, those of an account, and those that are not settled.
 */
export const revocationChain: Migration = {
  name: '0006-revocation-chain',
  async up(sql, kind) {
    const text = kind === 'mysql' ? 'varchar(32) character set ascii' : 'text';
    await addColumn(sql, 'gatehouse_revocation_head', 'installation', `${text} not null default ''`);
    await addColumn(sql, 'gatehouse_revocation_head', 'chain', `${text} not null default ''`);
    await addColumn(sql, 'gatehouse_revocations', 'chain', `${text} null`);
    await addColumn(sql, 'gatehouse_revocations', 'is_settled', 'smallint not null default 1');
    const unnamed = sql('gatehouse_revocation_head').where('installation', '');
    await unnamed.update({ installation: randomHex(32), chain: randomHex(32) });
    await addIndex(sql, kind, 'gatehouse_revocations_of_token', '(jti)');
    await addIndex(sql, kind, 'gatehouse_revocations_of_account', '(account_id)');
    await addIndex(sql, kind, 'gatehouse_revocations_unsettled', '(is_settled, position)');
  },
};

/** Not again where a process was killed between this and the note that it is done. */
async function addColumn(sql: Knex, table: string, column: string, definition: string): Promise<void> {
  if (await sql.schema.hasColumn(table, column)) return;
  await sql.raw(`alter table ${table} add column ${column} ${definition}`);
}

async function addIndex(sql: Knex, kind: 'sqlite' | 'mysql', name: string, columns: string): Promise<void> {
  const table = 'gatehouse_revocations';
  if (kind === 'sqlite') {
    await sql.raw(`create index if not exists ${name} on ${table} ${columns}`);
    return;
  }
  const there = await sql('information_schema.statistics')
    .whereRaw('table_schema = database()')
    .where({ table_name: table, index_name: name })
    .first(sql.raw('1 as there'));
  if (there === undefined) await sql.raw(`create index ${name} on ${table} ${columns}`);
}
