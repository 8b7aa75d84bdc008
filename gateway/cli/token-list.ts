import { existsSync } from 'node:fs';
import type { Account } from '../domain/account.ts';
import { loadSettings, SettingsError } from '../settings/read/load.ts';
import { keyIdOf } from '../signing/keys.ts';
import { secretsOf } from '../signing/secrets.ts';
import { readDatabaseClock } from '../stores/database/clock.ts';
import type { Database } from '../stores/database/connection.ts';
import { acceptanceOf } from '../stores/tokens/live-tokens.ts';
import { type ListedRecord, sqlTokenStore } from '../stores/tokens/store.ts';
import { alignedTable, momentText } from './table.ts';

export interface ListQuery {
  readonly json: boolean;
  /** Milliseconds. */
  readonly maxLifetime: number;
  /** The result of `knownKeyIds`. */
  readonly keyIds: readonly string[] | null;
}

/** Records that are read and printed at a time. */
const PAGE_SIZE = 1_000;
const HEADINGS = ['ID', 'NAME', 'ISSUED', 'EXPIRES', 'LAST USED', 'REVOKED', 'LIVE', 'FROM', 'SCOPE'];

/**
 * Yields the account's unexpired tokens as JSON or as a table, in chunks; never the tokens themselves. Unrevoked tokens come
 * first, each group oldest first.
 */
export async function* listTokens(database: Database, account: Account, query: ListQuery): AsyncGenerator<string> {
  const store = sqlTokenStore(database);
  const { maxLifetime, keyIds } = query;
  const { now } = await readDatabaseClock(database);
  const voidedBefore = await voidBefore(database, account.id);
  const accepted = acceptanceOf(account, { maxLifetime, keyIds, voidBefore: voidedBefore, now: now() });
  let last: ListedRecord | null = null;
  let isFirst = true;
  for (;;) {
    const records: ListedRecord[] = await store.listUnexpired(accepted, last, PAGE_SIZE);
    const tokens = records.map((record) => listed(record, account));
    const separator = isFirst ? '[' : tokens.length > 0 ? ',' : '';
    if (query.json) yield separator + tokens.map((token) => JSON.stringify(token)).join(',');
    else yield alignedTable([...(isFirst ? [HEADINGS] : []), ...tokens.map(cellsOf)]);
    isFirst = false;
    last = records.at(-1) ?? null;
    if (records.length < PAGE_SIZE) break;
  }
  if (query.json) yield ']\n';
}

function listed(record: ListedRecord, account: Account) {
  const { jti, name, scope, issuedAt, expiresAt, lastUsedAt, revokedAt, isAccepted, addresses } = record;
  return {
    id: jti,
    name,
    issued_at: momentText(issuedAt),
    expires_at: momentText(expiresAt),
    last_used_at: lastUsedAt === null ? null : momentText(lastUsedAt),
    revoked_at: revokedAt === null ? null : momentText(revokedAt),
    live: isAccepted && account.confirmed,
    ...(scope !== null && { scope: scope.join(' ') }),
    ...(addresses !== null && { addresses }),
  };
}

function cellsOf(token: ReturnType<typeof listed>): string[] {
  const { id, name, issued_at, expires_at, last_used_at, revoked_at, live, addresses, scope } = token;
  const times = [issued_at, expires_at, last_used_at ?? 'never', revoked_at ?? 'no'];
  const restrictions = [addresses?.join(', ') ?? 'anywhere', scope ?? 'all'];
  return [id, name ?? '-', ...times, live ? 'yes' : 'no', ...restrictions];
}

async function voidBefore({ sql, query }: Database, accountId: string): Promise<number> {
  const marks: { latest: number | string | null }[] = await query(
    sql('gatehouse_revocations').where('account_id', accountId).max({ latest: 'void_before' }),
  );
  return Number(marks[0]?.latest ?? 0);
}

/**
 * The key ids of the token secrets, without the secrets themselves.
 *
 * @param file the configuration
 * @returns null when the secrets are not set for this command, or not generated yet: which tokens they verify is then unknown
 */
export function knownKeyIds(file: string): string[] | null {
  try {
    const settings = loadSettings(file, process.env);
    const { tokens, database } = settings;
    const isMade = database.url.kind === 'sqlite' && existsSync(`${database.url.file}.secret`);
    return tokens.secrets.length > 0 || isMade ? secretsOf(settings).map(keyIdOf) : null;
  } catch (error) {
    if (error instanceof SettingsError) return null;
    throw error;
  }
}
