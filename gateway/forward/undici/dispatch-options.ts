import type { Dispatcher } from 'undici';
import type { Outgoing } from '../outgoing.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { http2Fields } from './http2-fields.ts';
import type { RequestBody } from './request-body.ts';

/** A request as undici is asked for it. */
export function dispatchOptions(
  method: string,
  body: RequestBody | null,
  { headFor, group, deadlines }: Outgoing,
  upstream: Upstream,
): Dispatcher.DispatchOptions & { readonly servername: string } {
  const { target, headers } = headFor(upstream);
  return {
    path: target,
    method: method as Dispatcher.HttpMethod,
    headers: group.settings.http2 ? http2Fields(headers) : headers,
    body,
    // undici repeats nothing by itself, and must not start: what is not idempotent arrives at most once.
    idempotent: false,
    // Where there is a body, it is watched whose turn it is.
    headersTimeout: body === null ? deadlines.firstByte : 0,
    bodyTimeout: deadlines.idle,
    // The same for all: for another name than that of the request before, which is the client's `Host` otherwise,
    // undici lets the requests of a connection end and makes a new one.
    servername: upstream.origin,
  };
}
