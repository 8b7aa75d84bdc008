import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RequestRecord } from '../state.ts';

/** A request id that others may have made: short, and safe in a header and in a log line. */
const REQUEST_ID = /^[\w.:+=@/-]{1,128}$/;

export function newRecord(req: IncomingMessage): RequestRecord {
  const url = req.url ?? '';
  const question = url.indexOf('?');
  return {
    id: '',
    method: req.method ?? '',
    path: question === -1 ? url : url.slice(0, question),
    startedAt: performance.now(),
    accountId: null,
    route: null,
    upstream: null,
    failure: null,
  };
}

/** Passes on the request's own `X-Request-Id` where it is well-formed, or makes one. */
export function requestId(given: string | undefined): string {
  return given !== undefined && REQUEST_ID.test(given) ? given : randomUUID();
}
