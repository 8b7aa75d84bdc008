import { createHash } from 'node:crypto';

/** Public keys, ready to be sent: a JWK Set (RFC 7517 section 5). */
export interface KeySet {
  readonly body: string;
  readonly etag: string;
}

/** @param keys JWKs without private parts */
export function keySetOf(keys: readonly object[]): KeySet {
  const body = `${JSON.stringify({ keys })}\n`;
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}

export interface KeySetAnswer {
  readonly status: 200 | 304;
  readonly fields: Readonly<Record<string, string>>;
  /** Without effect for HEAD. */
  readonly body: string;
}

/**
 * The answer to a GET or HEAD of the key set.
 *
 * It needs no credentials, and pages of any origin may read it: the keys are public. The type is the registered one (RFC 7517
 * section 8.5.2).
 *
 * @param ifNoneMatch `If-None-Match` of the request
 */
export function keySetAnswer({ body, etag }: KeySet, ifNoneMatch: string | undefined): KeySetAnswer {
  const fields = { ETag: etag, 'Cache-Control': 'public, max-age=300', 'Access-Control-Allow-Origin': '*' };
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, etag)) return { status: 304, fields, body: '' };
  const length = String(Buffer.byteLength(body));
  return {
    status: 200,
    fields: { ...fields, 'Content-Type': 'application/jwk-set+json', 'Content-Length': length },
    body,
  };
}

/** Compares weakly (RFC 9110 section 13.1.2). */
function matches(ifNoneMatch: string, etag: string): boolean {
  return ifNoneMatch
    .split(',')
    .map((listed) => listed.trim().replace(/^W\//, ''))
    .some((listed) => listed === '*' || listed === etag);
}
