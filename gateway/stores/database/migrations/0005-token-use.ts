import type { Migration } from './migration.ts';

/** When a token was last used, to within a minute or two. Milliseconds since 1970; null: not yet. */
export const tokenUse: Migration = {
  name: '0005-token-use',
  async up(sql) {
    // Not again where a process was killed between this and the note that it is done.
    if (await sql.schema.hasColumn('gatehouse_tokens', 'last_used_at')) return;
    await sql.raw('alter table gatehouse_tokens add column last_used_at bigint null');
  },
};
