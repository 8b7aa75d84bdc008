import type { IncomingMessage } from 'node:http';
import { compileRewriting, type Rewriting } from '../forward/answer-rewrite.ts';
import { requestHeaders } from '../forward/headers.ts';
import type { HopCounter } from '../forward/hops.ts';
import type { Deadlines, Outgoing } from '../forward/outgoing.ts';
import { upstreamAddress, upstreamTarget } from '../forward/path.ts';
import type { UpstreamGroup } from '../forward/upstream.ts';
import type { Upstreams } from '../forward/upstreams.ts';
import type { RouteSettings, Settings } from '../settings/schema.ts';
import type { RequestRecord } from '../state.ts';
import type { Peer } from './client-address.ts';
import type { ForwardDecision } from './decide.ts';
import { compileChanges, type RouteChanges } from './field-changes.ts';
import type { Head } from './head.ts';
import { countsHops } from './max-forwards.ts';
import type { StrictTransport } from './strict-transport.ts';

export type Depart = (req: IncomingMessage, head: Head, decision: ForwardDecision, record: RequestRecord) => Outgoing;

/** What is the same for all requests of a route. */
interface Way {
  readonly group: UpstreamGroup;
  readonly deadlines: Deadlines;
  readonly rewriting: Rewriting | null;
  /** Whether what leads back here would pass once more. */
  readonly mayComeBack: boolean;
  readonly changes: RouteChanges;
}

/** Prepares what has been decided for its way out; the same for HTTP and for WebSocket. */
export function createDepart(
  upstreams: Upstreams,
  peerOf: (address: string | undefined) => Peer,
  timeouts: Settings['timeouts'],
  hopCounter: HopCounter,
  strictTransport: StrictTransport,
): Depart {
  const ways = new WeakMap<RouteSettings, Way>();
  const wayOf = (route: RouteSettings): Way => {
    const { connect, firstByte, idle, request } = { ...timeouts, ...route.timeouts };
    const group = upstreams.groupFor(route);
    const basePaths = group.settings.servers.map(({ url }) => upstreamAddress(url).basePath);
    const changes = compileChanges(route, strictTransport.value);
    const made = {
      group,
      deadlines: { connect, firstByte, idle, request: request ?? null },
      rewriting: compileRewriting(route, basePaths),
      // Elsewhere, a request that comes back has no credentials left, and goes no further.
      mayComeBack:
        route.auth === 'none' || route.passAuthorization || (changes.request?.replaced.has('authorization') ?? false),
      changes,
    };
    ways.set(route, made);
    return made;
  };

  return (req, head, { route, target, identity }, record) => {
    const path = upstreamTarget(target, route);
    const { group, deadlines, rewriting, changes, mayComeBack } = ways.get(route) ?? wayOf(route);
    // What has passed a gateway has `X-Forwarded-Host`: what comes for the first time, as a rule, needs no mark.
    const isCounted = mayComeBack && (head.hops !== undefined || head.forwardedHost !== undefined);
    const hops = isCounted ? hopCounter.next(head.hops, route.name) : undefined;
    const isOverHttps = strictTransport.value !== null && strictTransport.isFor(req.socket.remoteAddress, req.headers);
    return {
      group,
      deadlines,
      rewriting,
      clientPath: target.path,
      hasBody: head.hasBody,
      maxBody: route.maxBody ?? null,
      tally: record,
      awaitsContinue: head.expectsContinue,
      requestId: record.id,
      decidesCors: route.cors !== undefined,
      answerChanges: isOverHttps ? changes.answerOverHttps : changes.answer,
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
            takesApiKey: route.credentials?.includes('api-key') ?? false,
            stripPrefix: route.stripPrefix,
            hops,
            methodIsFixed: route.methods !== undefined,
            countsHops: countsHops(req.method),
            changes: changes.request,
          }),
        };
      },
    };
  };
}
