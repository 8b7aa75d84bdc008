import { type Forwarded, requestHeaders } from '../../../gateway/forward/headers/request-headers.ts';

export const FROM_CLIENT: Forwarded = {
  identity: ['x-user-id', '1'],
  requestId: 'r1',
  hasMadeId: false,
  peer: { address: '192.0.2.1', trusted: false, usesTls: false },
  clientHost: 'api.example.com',
  host: 'upstream:9000',
  passAuthorization: false,
  methodIsFixed: false,
  stripPrefix: undefined,
};
export const FROM_PROXY: Forwarded = { ...FROM_CLIENT, peer: { address: '10.0.0.1', trusted: true, usesTls: false } };

/** The fields as pairs, less those that every request is given, whose test is the first one. */
export function passed(
  fields: Record<string, string> | [string, string][],
  from: Forwarded = FROM_CLIENT,
): [string, string][] {
  const given = Array.isArray(fields) ? fields : Object.entries(fields);
  const own = new Set([
    'host',
    'x-request-id',
    'x-user-id',
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-forwarded-host',
  ]);
  return pairs(requestHeaders(given.flat(), from)).filter(
    ([name, value]) => !own.has(name) && !(name === 'traceparent' && value.endsWith('-01')),
  );
}

export function pairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? ''] as [string, string]] : []));
}

export function values(flat: readonly string[], name: string): string[] {
  return pairs(flat).flatMap(([other, value]) => (other.toLowerCase() === name ? [value] : []));
}
