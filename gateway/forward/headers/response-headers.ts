import { DROPPED_OF_ANSWERS } from '../../fields/answer.ts';
import { IDENTITY_FIELDS_IN_LOWER_CASE } from '../../fields/identity.ts';
import { setsOwnCookie } from '../../fields/own-cookies.ts';
import {
  keepFields,
  latin1,
  nameAt,
  type RawAnswerFields,
  type RawFields,
  valueAt,
  withoutNamed,
} from '../../fields/raw-fields.ts';
import type { FieldChanges } from '../outgoing.ts';

/** The lengths of the field names that answers are checked for. */
const NOTED_LENGTHS: ReadonlySet<number> = new Set(
  [...DROPPED_OF_ANSWERS, 'set-cookie', 'x-request-id', 'content-length'].map(({ length }) => length),
);

/** Fields that frame an answer or identify it in the log: no `Connection` option removes them. */
const NOT_REMOVABLE: ReadonlySet<string> = new Set(['content-length', 'content-type', 'x-request-id']);

/**
 * The fields of the answer to the client: those of the upstream, in its order and spelling, without hop-by-hop fields and
 * without the gateway's own cookies. `X-Request-Id` is added where the upstream sent none.
 *
 * @param raw the upstream's fields
 * @param decidesCors whether the gateway, not the upstream, decides on CORS
 * @param changes of the route; `undefined`: none
 */
export function responseHeaders(
  raw: RawAnswerFields,
  requestId: string,
  decidesCors: boolean,
  changes?: FieldChanges,
): string[] {
  const kept: string[] = [];
  let connectionOptions = '';
  let hasRequestId = false;
  for (let at = 0; at < raw.length; at += 2) {
    const name = latin1(nameAt(raw, at));
    // The length is compared first: that is cheap, and rules out most fields.
    if (!NOTED_LENGTHS.has(name.length)) {
      kept.push(name, latin1(valueAt(raw, at)));
      continue;
    }
    const lower = name.toLowerCase();
    if (lower === 'connection') connectionOptions += `${latin1(valueAt(raw, at))},`;
    if (DROPPED_OF_ANSWERS.has(lower)) continue;
    const value = latin1(valueAt(raw, at));
    if (lower === 'set-cookie' && setsOwnCookie(value)) continue;
    if (lower === 'x-request-id') hasRequestId = true;
    kept.push(name, lower === 'content-length' ? withoutLeadingZeros(value) : value);
  }
  if (!hasRequestId) kept.push('X-Request-Id', requestId);
  const passed = withoutNamed(kept, connectionOptions, isRemovable);
  const answered = decidesCors ? withoutCors(passed) : passed;
  return changes === undefined ? answered : changed(answered, changes);
}

function isRemovable(lowerCase: string): boolean {
  return !NOT_REMOVABLE.has(lowerCase);
}

function changed(fields: RawFields, { replaced, set }: FieldChanges): string[] {
  const kept = keepFields(fields, (name) => !replaced.has(name));
  kept.push(...set);
  return kept;
}

/** Prevents response splitting at a client that reads `010` as octal: it would take the rest for the next answer. */
function withoutLeadingZeros(length: string): string {
  return length.startsWith('0') && length.length > 1 ? length.replace(/^0+(?=\d)/, '') : length;
}

/**
 * Removes the upstream's `Access-Control-*` on a route whose CORS the gateway decides: a browser refuses an answer with two
 * of them, and the upstream must not allow more than the gateway does. The gateway's own are already set on the response.
 *
 * The answer varies on `Origin`, also where the request has none: a cache may keep it for a request that has one (Fetch
 * standard, "CORS protocol and HTTP caches").
 *
 * @returns `Vary` as one line, the upstream's names first
 */
function withoutCors(fields: RawFields): string[] {
  const kept: string[] = [];
  const vary: string[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const name = nameAt(fields, at);
    const value = valueAt(fields, at);
    const lower = name.toLowerCase();
    if (lower === 'vary') vary.push(value);
    else if (!lower.startsWith('access-control-')) kept.push(name, value);
  }
  if (!VARIES_ON_ORIGIN.test(vary.join())) vary.push('Origin');
  kept.push('Vary', vary.join(', '));
  return kept;
}

/** `Origin` in the list, or `*`, which stands for every field. */
const VARIES_ON_ORIGIN = /(?:^|,)[ \t]*(?:\*|origin)[ \t]*(?:,|$)/i;

/** Fields that frame or route a message: a client may merge trailers into the head (RFC 9110 section 6.5.1). */
const NOT_IN_TRAILERS: ReadonlySet<string> = new Set([
  ...['connection', 'content-length', 'host', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  ...['content-encoding', 'content-range', 'content-type', 'set-cookie', 'www-authenticate'],
  ...['alt-svc', 'ratelimit', 'ratelimit-policy', 'strict-transport-security'],
  ...['x-request-id', ...IDENTITY_FIELDS_IN_LOWER_CASE],
]);

/** The trailer fields of an answer that may be passed on. @param raw the upstream's */
export function trailerFields(raw: RawAnswerFields): [string, string][] {
  const fields: [string, string][] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = latin1(nameAt(raw, at));
    if (NOT_IN_TRAILERS.has(name.toLowerCase())) continue;
    fields.push([name, latin1(valueAt(raw, at))]);
  }
  return fields;
}
