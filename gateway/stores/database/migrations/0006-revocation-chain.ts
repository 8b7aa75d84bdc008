import type { Knex } from 'knex';
import { randomHex } from '../../../http/random-hex.ts';
import type { Database } from '../connection.ts';
import type { Migration } from './migration.ts';

/**
 * Detects a rewritten history of revocations: see `revocation/history.ts`.
 *
 * `installation` is a random, permanent id of the database. `chain` is a random value of each revocation; the head has that
 * of the newest. `is_settled` is 0 until the token records of a revoked account are all marked.
 *
 * The indexes are for revocations by token, by account, and unsettled ones.
 */
export const revocationChain: Migration = {
  name: '0006-revocation-chain',
  async up(sql, kind) {
    const text = TEXT[kind];
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

const TEXT = { mysql: 'varchar(32) character set ascii', sqlite: 'text', postgres: 'text collate "C"' };

/** Skips an existing column: a process may have been killed before the migration was recorded. */
async function addColumn(sql: Knex, table: string, column: string, definition: string): Promise<void> {
  if (await sql.schema.hasColumn(table, column)) return;
  await sql.raw(`alter table ${table} add column ${column} ${definition}`);
}

async function addIndex(sql: Knex, kind: Database['kind'], name: string, columns: string): Promise<void> {
  const table = 'gatehouse_revocations';
  if (kind !== 'mysql') {
    await sql.raw(`create index if not exists ${name} on ${table} ${columns}`);
    return;
  }
  const there = await sql('information_schema.statistics')
    .whereRaw('table_schema = database()')
    .where({ table_name: table, index_name: name })
    .first(sql.raw('1 as there'));
  if (there === undefined) await sql.raw(`create index ${name} on ${table} ${columns}`);
}
