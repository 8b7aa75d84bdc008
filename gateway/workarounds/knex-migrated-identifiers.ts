import type { Knex } from 'knex';

/**
 * Keeps the option `wrapIdentifier` of a client through its migrations.
 *
 * knex (3.3) removes it while it migrates, for its own tables. In a transaction, it does not put it back.
 *
 * @returns what `work` returns
 */
export async function keepingIdentifiers<T>(sql: Knex, work: () => Promise<T>): Promise<T> {
  const { config }: { config: Knex.Config } = sql.client;
  const { wrapIdentifier } = config;
  try {
    return await work();
  } finally {
    if (wrapIdentifier !== undefined) config.wrapIdentifier = wrapIdentifier;
  }
}
