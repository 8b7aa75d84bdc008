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

export interface ListAsked {
  readonly json: boolean;
  /** Milliseconds. */
  readonly maxLifetime: number;
  /** As `knownKeyIds` has them. */
  readonly keyIds: readonly string[] | null;
}

/** Records that are read and printed at once. */
const PIECE = 1_000;
const HEADINGS = ['ID', 'NAME', 'ISSUED', 'EXPIRES', 'LAST USED', 'REVOKED', 'LIVE'];

/**
 * The account's tokens that have not expired, as JSON or as a table for the eye; never a token itself. First those that
 * were not revoked, the oldest first, then those that were. In pieces, however many there are.
 */
export async function* listTokens(database: Database, account: Account, asked: ListAsked): AsyncGenerator<string> {
  const store = sqlTokenStore(database);
  const { maxLifetime, keyIds } = asked;
  const { now } = await readDatabaseClock(database);
  const voidedBefore = await voidBefore(database, account.id);
  const accepted = acceptanceOf(account, { maxLifetime, keyIds, voidBefore: voidedBefore, now: now() });
  let last: ListedRecord | null = null;
  let isFirst = true;
  for (;;) {
    const records: ListedRecord[] = await store.listUnexpired(accepted, last, PIECE);
    const tokens = records.map((record) => listed(record, account));
    const separator = isFirst ? '[' : tokens.length > 0 ? ',' : '';
    if (asked.json) yield separator + tokens.map((token) => JSON.stringify(token)).join(',');
    else yield alignedTable([...(isFirst ? [HEADINGS] : []), ...tokens.map(cellsOf)]);
    isFirst = false;
    last = records.at(-1) ?? null;
    if (records.length < PIECE) break;
  }
  if (asked.json) yield ']\n';
}

function listed(record: ListedRecord, account: Account) {
  const { jti, name, issuedAt, expiresAt, lastUsedAt, revokedAt, isAccepted } = record;
  return {
    id: jti,
    name,
    issued_at: momentText(issuedAt),
    expires_at: momentText(expiresAt),
    last_used_at: lastUsedAt === null ? null : momentText(lastUsedAt),
    revoked_at: revokedAt === null ? null : momentText(revokedAt),
    live: isAccepted && account.confirmed,
  };
}

function cellsOf({ id, name, issued_at, expires_at, last_used_at, revoked_at, live }: ReturnType<typeof listed>) {
  return [id, name ?? '-', issued_at, expires_at, last_used_at ?? 'never', revoked_at ?? 'no', live ? 'yes' : 'no'];
}

async function voidBefore({ sql, ask }: Database, accountId: string): Promise<number> {
  const marks: { latest: number | string | null }[] = await ask(
    sql('gatehouse_revocations').where('account_id', accountId).max({ latest: 'void_before' }),
  );
  return Number(marks[0]?.latest ?? 0);
}

/**
 * The key ids of the token secrets, without the secrets themselves.
 *
 * @param file the configuration
 * @returns null where the secrets are not set for this command, or not created yet: the tokens that they verify are then unknown
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
