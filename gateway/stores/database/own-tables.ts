/** The gateway's own tables, which `?schema=` of a PostgreSQL URL may put into a schema of their own. */
export const OWN_TABLES: ReadonlySet<string> = new Set([
  'gatehouse_accounts',
  'gatehouse_account_groups',
  'gatehouse_tokens',
  'gatehouse_sessions',
  'gatehouse_revocations',
  'gatehouse_revocation_head',
  'gatehouse_migrations',
  'gatehouse_migrations_lock',
]);
