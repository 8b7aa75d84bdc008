import type { RateLimitFields, RequestRecord } from '../domain/request-record.ts';
import { countsHops } from '../fields/max-forwards.ts';
import type { HopCounter } from '../forward/headers/hops.ts';
import { requestHeaders } from '../forward/headers/request-headers.ts';
import type { FieldChanges, Outgoing } from '../forward/outgoing.ts';
import type { ForwardDecision } from './admission.ts';
import { identityFields } from './identity-fields.ts';
import type { IncomingRequest } from './incoming-request.ts';
import type { StrictTransport } from './strict-transport.ts';
import { beginAttempt, endAttempt } from './trace.ts';

/** Prepares an admitted request for the way to its upstream: the group, the deadlines, the fields. */
export type PrepareOutgoing = (incoming: IncomingRequest, decision: ForwardDecision, record: RequestRecord) => Outgoing;

/** The same for HTTP and WebSocket. */
export function createPrepareOutgoing(hopCounter: HopCounter, strictTransport: StrictTransport): PrepareOutgoing {
  return ({ method, fields, head, sender }, decision, record) => {
    const { route, target } = decision;
    const path = route.targetFor(target);
    const { group, deadlines, rewriting, changes, mayComeBack } = route;
    // Loop detection. A request that has passed a gateway has `X-Forwarded-Host`; most others need no count.
    const isCounted = mayComeBack && (head.hops !== undefined || head.forwardedHost !== undefined);
    const hops = isCounted ? hopCounter.next(head.hops, route.name) : undefined;
    const identity = identityFields(decision);
    const isOverHttps = strictTransport.valueFor(sender) !== null;
    return {
      group,
      deadlines,
      rewriting,
      clientPath: target.path,
      hasBody: head.hasBody,
      maxBody: route.maxBody,
      requireLength: route.requireLength,
      tally: record,
      awaitsContinue: head.expectsContinue,
      requestId: record.id,
      decidesCors: route.cors !== null,
      answerChanges: withRateLimit(isOverHttps ? changes.answerOverHttps : changes.answer, record.rateLimit),
      onRetry(error) {
        if (record.trace !== null) endAttempt(record.trace, error);
      },
      headFor(upstream) {
        record.upstream = upstream.origin;
        return {
          target: upstream.basePath + path,
          headers: requestHeaders(fields, {
            identity,
            requestId: record.id,
            hasMadeId: record.hasMadeId,
            peer: sender.peer,
            clientHost: head.host,
            host: route.preserveHost && head.host ? head.host : upstream.host,
            passAuthorization: route.passAuthorization,
            takesApiKey: route.takesApiKey,
            stripPrefix: route.stripPrefix,
            hops,
            traceparent: record.trace === null ? undefined : beginAttempt(record.trace, upstream.origin),
            methodIsFixed: route.methods !== undefined,
            countsHops: countsHops(method),
            changes: changes.request,
          }),
        };
      },
    };
  };
}

/** Names in lower case: those of the draft, and of its versions before 07. */
const RATE_LIMIT_FIELDS: readonly string[] = [
  ...['ratelimit-policy', 'ratelimit', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'],
];
const NO_CHANGES: FieldChanges = { replaced: new Set(), set: [] };
/** The names that are replaced where a route has limits, by what it replaces besides. */
const replacedNames = new WeakMap<FieldChanges, ReadonlySet<string>>();

/** The limits of the gateway are the ones that count: an upstream's own are replaced. */
function withRateLimit(changes: FieldChanges | undefined, limit: RateLimitFields | null): FieldChanges | undefined {
  if (limit === null) return changes;
  const { set } = changes ?? NO_CHANGES;
  return {
    replaced: namesReplaced(changes ?? NO_CHANGES),
    set: [...set, 'RateLimit-Policy', limit.policy, 'RateLimit', limit.state],
  };
}

function namesReplaced(changes: FieldChanges): ReadonlySet<string> {
  let names = replacedNames.get(changes);
  if (names === undefined) {
    names = new Set([...changes.replaced, ...RATE_LIMIT_FIELDS]);
    replacedNames.set(changes, names);
  }
  return names;
}
