import type { Database } from '../database/connection.ts';
import { alignedTable, momentText } from './table.ts';

/** A token that has not expired, revoked or not. MySQL gives its id as a Buffer; times are milliseconds since 1970. */
interface TokenRow {
  jti: string | Buffer;
  name: string | null;
  issued_at: number;
  expires_at: number;
  last_used_at: number | null;
  revoked_at: number | null;
}

/** The account's tokens that have not expired, the oldest first, as JSON or as a table for the eye; never a token itself. */
export async function listTokens({ sql, ask }: Database, accountId: string, json: boolean): Promise<string> {
  const rows: TokenRow[] = await ask(
    sql<TokenRow>('gatehouse_tokens')
      .where('account_id', accountId)
      .where('expires_at', '>', Date.now())
      .orderBy(['issued_at', 'jti'])
      .select('jti', 'name', 'issued_at', 'expires_at', 'last_used_at', 'revoked_at'),
  );
  const tokens = rows.map(listed);
  if (json) return `${JSON.stringify(tokens)}\n`;
  const cells = tokens.map(({ id, name, issued_at, expires_at, last_used_at, revoked_at }) => {
    return [id, name ?? '-', issued_at, expires_at, last_used_at ?? 'never', revoked_at ?? 'no'];
  });
  return alignedTable([['ID', 'NAME', 'ISSUED', 'EXPIRES', 'LAST USED', 'REVOKED'], ...cells]);
}

function listed({ jti, name, issued_at, expires_at, last_used_at, revoked_at }: TokenRow) {
  return {
    id: String(jti),
    name,
    issued_at: momentText(issued_at),
    expires_at: momentText(expires_at),
    last_used_at: last_used_at === null ? null : momentText(last_used_at),
    revoked_at: revoked_at === null ? null : momentText(revoked_at),
  };
}
