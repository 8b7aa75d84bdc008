import type { Dispatcher } from 'undici';
import type { Outgoing } from '../outgoing.ts';
import type { RequestBody } from '../request-body.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { http2Fields } from './http2-fields.ts';

/** The options of a request for undici. */
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
    // undici must not retry by itself: a request that is not idempotent arrives at most once.
    idempotent: false,
    // With a body, `UndiciAttempt` has its own timer, which runs only while the upstream is awaited.
    headersTimeout: body === null ? deadlines.firstByte : 0,
    bodyTimeout: deadlines.idle,
    // The same for all requests. By default it is the client's `Host`, and where it differs from that of the request before,
    // undici closes the connection and opens another.
    servername: upstream.origin,
  };
}
