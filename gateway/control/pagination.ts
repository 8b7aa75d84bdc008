import type { ParsedUrlQuery } from 'node:querystring';
import { badRequest } from '../domain/errors.ts';
import type { Cursor } from '../stores/tokens/store.ts';

/** Tokens in one response, unless the client asks for fewer. */
const MOST = 1_000;

/**
 * The page that a request asks for: `limit`, and `after` with the cursor of an earlier response.
 *
 * @throws GatewayError 400 that says what is allowed
 */
export function readPagination({ limit, after }: ParsedUrlQuery): { limit: number; after: Cursor | null } {
  const count = limit === undefined ? MOST : Number(typeof limit === 'string' && /^\d{1,4}$/.test(limit) ? limit : 0);
  if (count < 1 || count > MOST) throw badRequest(`limit must be a whole number from 1 to ${MOST}`);
  const cursor = after === undefined ? null : decodeCursor(after);
  if (cursor === null && after !== undefined) throw badRequest('after must be the "next" of an earlier answer');
  return { limit: count, after: cursor };
}

/** @returns the text that clients send back */
export function encodeCursor({ issuedAt, jti }: Cursor): string {
  return `${issuedAt}.${jti}`;
}

/** @returns null for text that `encodeCursor` did not create */
export function decodeCursor(text: string | string[] | undefined): Cursor | null {
  if (typeof text !== 'string') return null;
  const [, issuedAt, jti] = /^(\d{1,15})\.([\w-]{1,255})$/.exec(text) ?? [];
  return issuedAt === undefined || jti === undefined ? null : { issuedAt: Number(issuedAt), jti };
}
