import type { IncomingMessage } from 'node:http';
import { requestHeaders } from '../forward/headers.ts';
import type { Deadlines, Outgoing } from '../forward/outgoing.ts';
import { upstreamTarget } from '../forward/path.ts';
import type { Upstreams } from '../forward/upstreams.ts';
import type { RouteSettings, Settings } from '../settings/schema.ts';
import type { RequestRecord } from '../state.ts';
import type { Peer } from './client-address.ts';
import type { ForwardDecision } from './decide.ts';
import type { Head } from './head.ts';

export type Depart = (req: IncomingMessage, head: Head, decision: ForwardDecision, record: RequestRecord) => Outgoing;

/** Prepares what has been decided for its way out; the same for HTTP and for WebSocket. */
export function createDepart(
  upstreams: Upstreams,
  peerOf: (address: string | undefined) => Peer,
  timeouts: Settings['timeouts'],
): Depart {
  const deadlines = new WeakMap<RouteSettings, Deadlines>();
  const deadlinesOf = (route: RouteSettings): Deadlines => {
    const { connect, firstByte, idle, request } = { ...timeouts, ...route.timeouts };
    const made = { connect, firstByte, idle, request: request ?? null };
    deadlines.set(route, made);
    return made;
  };

  return (req, head, { route, target, identity }, record) => {
    const path = upstreamTarget(target, route);
    return {
      group: upstreams.groupFor(route),
      deadlines: deadlines.get(route) ?? deadlinesOf(route),
      hasBody: head.hasBody,
      maxBody: route.maxBody ?? null,
      awaitsContinue: head.expectsContinue,
      requestId: record.id,
      decidesCors: route.cors !== undefined,
      headFor(upstream) {
        record.upstream = upstream.origin;
        return {
          target: upstream.basePath + path,
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
      },
    };
  };
}
