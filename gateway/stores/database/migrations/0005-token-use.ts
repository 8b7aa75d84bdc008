import type { Migration } from './migration.ts';

/** The time of the last use of a token, accurate to a minute or two. Milliseconds since 1970; null: never used. */
export const tokenUse: Migration = {
  name: '0005-token-use',
  async up(sql) {
    // The column exists if a process was killed before the migration was recorded.
    if (await sql.schema.hasColumn('gatehouse_tokens', 'last_used_at')) return;
    await sql.raw('alter table gatehouse_tokens add column last_used_at bigint null');
  },
};
