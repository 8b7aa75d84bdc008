import type { IncomingMessage } from 'node:http';
import { randomHex } from '../random-hex.ts';
import type { RequestRecord } from '../state.ts';

/** A request id that others may have made: short, and safe in a header and in a log line. */
const REQUEST_ID = /^[\w.:+=@/-]{1,128}$/;

export function newRecord(req: IncomingMessage): RequestRecord {
  return {
    id: '',
    method: req.method ?? '',
    path: loggable(req.url ?? ''),
    startedAt: performance.now(),
    accountId: null,
    route: null,
    upstream: null,
    failure: null,
  };
}

/** A target without what may hold a secret: its query, its fragment, and the user of an absolute form. */
function loggable(target: string): string {
  const end = target.search(/[?#]/);
  const path = end === -1 ? target : target.slice(0, end);
  return path.startsWith('/') ? path : path.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1');
}

/** Passes on the request's own `X-Request-Id` where it is well-formed, or makes one. */
export function requestId(given: string | undefined): string {
  return given !== undefined && REQUEST_ID.test(given) ? given : randomHex(32);
}
