import { STATUS_CODES } from 'node:http';
import type { GatewayError } from '../../domain/errors.ts';
import type { RequestRecord } from '../../domain/request-record.ts';
import type { RawFields } from '../../fields/raw-fields.ts';
import { errorAnswer, errorJson, fieldsOfError } from '../../http/error-answer.ts';
import { type KeySet, keySetAnswer } from '../../http/key-set.ts';
import type { Route } from '../../routing/route.ts';
import type { Dialect } from './doors.ts';

/** The answer to a proxy, without the fields of the connection. */
export interface DecisionAnswer {
  readonly status: number;
  readonly reason: string;
  readonly fields: RawFields;
  readonly body: string;
}

/**
 * Lets a request pass: exactly 200, since Envoy and the Gateway API take nothing else.
 *
 * @param identityFields as `everyIdentityField` gives them
 * @param keepFor seconds for which nginx may keep the answer; null: not at all
 */
export function yes(
  route: Route,
  identityFields: RawFields,
  record: RequestRecord,
  dialect: Dialect,
  keepFor: number | null,
): DecisionAnswer {
  const fields = ['Content-Length', '0', ...identityFields, 'X-Request-Id', record.id];
  if (dialect === 'ext-authz' && !route.passAuthorization) {
    fields.push('x-envoy-auth-headers-to-remove', 'authorization');
  }
  const { rateLimit } = record;
  if (rateLimit !== null) fields.push('RateLimit-Policy', rateLimit.policy, 'RateLimit', rateLimit.state);
  // Before `Cache-Control`: nginx before 1.23 takes the first of the two.
  if (keepFor !== null) fields.push('X-Accel-Expires', String(keepFor));
  fields.push('Cache-Control', 'no-store');
  return { status: 200, reason: 'OK', fields, body: '' };
}

/**
 * Refuses a request, as the public listener does. The module of nginx makes 500 of all but 401 and 403, and loses the body:
 * there the status becomes 403, and two fields carry what the client is to get.
 *
 * @param strictTransport the value of `Strict-Transport-Security`; null: none
 */
export function no(
  error: GatewayError,
  record: RequestRecord,
  dialect: Dialect | null,
  strictTransport: string | null,
): DecisionAnswer {
  const { reason, body, ...answer } = errorAnswer(error, record, null);
  const { status } = error;
  const { fields } = fieldsOfError(answer);
  if (strictTransport !== null) fields.push('Strict-Transport-Security', strictTransport);
  if (dialect !== 'auth-request') return { status, reason, fields, body };
  fields.push('X-Gatehouse-Status', String(status), 'X-Gatehouse-Body', inAscii(errorJson(error)));
  return passes(status)
    ? { status, reason, fields, body }
    : { status: 403, reason: STATUS_CODES[403] ?? '', fields, body };
}

/** The published keys of assertions, for services that reach only this listener. */
export function answerWithKeys(keySet: KeySet, ifNoneMatch: string | undefined, record: RequestRecord): DecisionAnswer {
  const { status, fields, body } = keySetAnswer(keySet, ifNoneMatch);
  const all = [...Object.entries(fields).flat(), 'X-Request-Id', record.id];
  return { status, reason: STATUS_CODES[status] ?? '', fields: all, body };
}

/** Whether nginx hands a status on, or reports a failure of its own for it rightly. A 501 is about the client's method. */
function passes(status: number): boolean {
  return status === 401 || status === 403 || (status >= 500 && status !== 501);
}

/** The same JSON without a character that a header field could lose. */
function inAscii(json: string): string {
  return json.replace(/[\x7f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
