import { existsSync } from 'node:fs';
import type { Database } from '../database/connection.ts';
import type { Settings } from '../settings/schema.ts';
import type { Account } from '../state.ts';
import { acceptanceOf } from '../tokens/live-tokens.ts';
import { secretsOf } from '../tokens/secret-file.ts';
import { type Acceptance, type ListedRecord, sqlTokenStore } from '../tokens/store.ts';
import { nameOf } from '../tokens/token.ts';
import { alignedTable, momentText } from './table.ts';

/** Records that are read and printed at once. */
const PIECE = 1_000;
const HEADINGS = ['ID', 'NAME', 'ISSUED', 'EXPIRES', 'LAST USED', 'REVOKED', 'LIVE'];

/**
 * The account's tokens that have not expired, as JSON or as a table for the eye; never a token itself. First those that
 * were not revoked, the oldest first, then those that were. In pieces, however many there are.
 */
export async function* listTokens(
  database: Database,
  settings: Pick<Settings, 'tokens' | 'database'>,
  account: Account,
  json: boolean,
): AsyncGenerator<string> {
  const store = sqlTokenStore(database);
  const accepted = await acceptedNow(database, settings, account);
  let last: ListedRecord | null = null;
  let isFirst = true;
  for (;;) {
    const records: ListedRecord[] = await store.listUnexpired(accepted, last, PIECE);
    const tokens = records.map((record) => listed(record, account));
    if (json)
      yield `${isFirst ? '[' : ''}${tokens.map((token) => (token === tokens[0] && isFirst ? '' : ',') + JSON.stringify(token)).join('')}`;
    else yield alignedTable([...(isFirst ? [HEADINGS] : []), ...tokens.map(cellsOf)]);
    isFirst = false;
    last = records.at(-1) ?? null;
    if (records.length < PIECE) break;
  }
  if (json) yield ']\n';
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

async function acceptedNow(
  { sql, ask }: Database,
  settings: Pick<Settings, 'tokens' | 'database'>,
  account: Account,
): Promise<Acceptance> {
  const marks: { latest: number | string | null }[] = await ask(
    sql('gatehouse_revocations').where('account_id', account.id).max({ latest: 'void_before' }),
  );
  return acceptanceOf(account, {
    keyIds: hasSecrets(settings) ? secretsOf(settings).map(nameOf) : null,
    maxLifetime: settings.tokens.maxLifetime,
    voidBefore: Number(marks[0]?.latest ?? 0),
  });
}

/** Whether the secrets can be asked for without making one. */
function hasSecrets({ tokens, database: { url } }: Pick<Settings, 'tokens' | 'database'>): boolean {
  return tokens.secrets.length > 0 || (url.kind === 'sqlite' && existsSync(`${url.file}.secret`));
}
