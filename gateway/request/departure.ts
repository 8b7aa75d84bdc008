import type { IncomingMessage } from 'node:http';
import { requestHeaders } from '../forward/headers.ts';
import { upstreamTarget } from '../forward/path.ts';
import type { Upstream, Upstreams } from '../forward/upstreams.ts';
import type { RequestRecord } from '../state.ts';
import type { Peer } from './client-address.ts';
import type { Decision } from './decide.ts';
import type { Head } from './head.ts';

/** Where a request goes and with which head; the same for HTTP and for WebSocket. */
export interface Departure {
  readonly upstream: Upstream;
  readonly target: string;
  readonly headers: string[];
}

export type Depart = (
  req: IncomingMessage,
  head: Head,
  decision: Decision & { kind: 'forward' },
  record: RequestRecord,
) => Departure;

/** Prepares what has been decided for its way out, and notes the upstream for the log. */
export function createDepart(upstreams: Upstreams, peerOf: (address: string | undefined) => Peer): Depart {
  return (req, head, { route, target, identity }, record) => {
    const upstream = upstreams.pick(route);
    record.upstream = upstream.origin;
    return {
      upstream,
      target: upstreamTarget(target, route, upstream.basePath),
      headers: requestHeaders(req.rawHeaders, {
        userId: identity?.account.id ?? null,
        requestId: record.id,
        peer: peerOf(req.socket.remoteAddress),
        clientHost: head.host,
        host: route.preserveHost && head.host ? head.host : upstream.host,
        passAuthorization: route.passAuthorization,
        methodIsFixed: route.methods !== undefined,
      }),
    };
  };
}
