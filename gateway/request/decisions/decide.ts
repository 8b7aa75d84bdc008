import { badRequest, GatewayError } from '../../domain/errors.ts';
import { andThen, type MaybePromise } from '../../domain/maybe-promise.ts';
import type { RequestRecord } from '../../domain/request-record.ts';
import type { BeginTrace } from '../../domain/trace.ts';
import { keepFields, lastValue, type RawFields } from '../../fields/raw-fields.ts';
import { clientOfProxy, type Peer, type Sender } from '../../http/client-address.ts';
import { asGatewayError } from '../../http/error-answer.ts';
import { type Head, readHead } from '../../http/head.ts';
import type { KeySet } from '../../http/key-set.ts';
import { refusalOfKeySet } from '../../routing/plan.ts';
import type { Route } from '../../routing/route.ts';
import { KEY_SET_PATH } from '../../settings/schema/assertion-options.ts';
import type { Admission, Admitted } from '../admission.ts';
import { everyIdentityField } from '../identity-fields.ts';
import type { IncomingRequest } from '../incoming-request.ts';
import { type AskedRequest, recordOfDecision } from '../record.ts';
import type { StrictTransport } from '../strict-transport.ts';
import { answerWithKeys, type DecisionAnswer, no, yes } from './decision-answer.ts';
import { type Door, doorOf } from './doors.ts';
import { methodIfKnown, originalHost, originalMethod, originalTarget } from './original-request.ts';

/** The request of a proxy, which asks about a request of its client. Its body is never read. */
export interface Subrequest {
  readonly method: string;
  /** Its target, as sent. */
  readonly url: string;
  /** Such as `1.1`. */
  readonly version: string;
  readonly fields: RawFields;
  /** Of the connection's other end; `unix` for a Unix socket. */
  readonly socketAddress: string | undefined;
}

/** A decision that is made, or under way. */
export interface Deciding {
  readonly record: RequestRecord;
  /** Never rejects. */
  readonly answer: MaybePromise<DecisionAnswer>;
}

/** Decides on one request for a proxy. Never throws. */
export type Decide = (subrequest: Subrequest) => Deciding;

export interface DecideDeps {
  readonly admission: Pick<Admission, 'judge' | 'judgeOn'>;
  readonly routes: readonly Route[];
  readonly peerOf: (socketAddress: string | undefined) => Peer;
  readonly strictTransport: StrictTransport;
  /** The published keys of assertions; null: none are configured. */
  readonly keySet: KeySet | null;
  /** Milliseconds for which nginx may keep a yes; 0: not at all. */
  readonly cache: number;
  /** The database's time in ms since 1970, by which tokens are dated. */
  now(): number;
  /** Null: nothing is traced. */
  readonly beginTrace: BeginTrace | null;
}

/** What a proxy asks: whether a request may pass, on a route that its target leads to or that the proxy names. */
interface Question {
  readonly incoming: IncomingRequest;
  /** Null: the target leads to it. */
  readonly route: Route | null;
}

export function createDecide({
  admission,
  routes,
  peerOf,
  strictTransport,
  keySet,
  cache,
  now,
  beginTrace,
}: DecideDeps): Decide {
  const byName = new Map(routes.map((route) => [route.name, route]));
  const hasHosts = routes.some(({ host }) => host !== undefined);

  /** @returns null for any other path */
  const keysFor = ({ method, url, fields }: Subrequest, record: RequestRecord): DecisionAnswer | null => {
    if (keySet === null || url !== KEY_SET_PATH) return null;
    const refusal = refusalOfKeySet(method);
    if (refusal !== null) throw refusal;
    record.route = 'key-set';
    return answerWithKeys(keySet, lastValue(fields, 'if-none-match'), record);
  };

  return (subrequest) => {
    const { fields } = subrequest;
    const asking = peerOf(subrequest.socketAddress);
    const peer: Peer = { ...asking, trusted: true };
    const door = doorOf(subrequest.url);
    const asked = askedOf(subrequest, peer.address);
    let sender: Sender | null = null;
    let question: Question | GatewayError;
    try {
      const head = readHead(withoutExpect(fields), subrequest.version);
      asked.head = head;
      if (door === null) throw new GatewayError('not_found', 'no such door');
      sender = senderOf(head, peer);
      asked.client = sender.client;
      const route = routeOf(door);
      const { method, url } = originalOf(door, route, subrequest);
      if (method !== '') asked.method = method;
      asked.url = url;
      // Not `Upgrade`, which proxies drop: a browser adds remembered Basic credentials to a handshake of any site.
      const isHandshake = lastValue(fields, 'sec-websocket-key') !== undefined;
      const isByHost = hasHosts && route === null && door.dialect !== 'ext-authz';
      const judged = isByHost ? { ...head, host: originalHost(fields, door.dialect, head.host) } : head;
      question = { route, incoming: { method, url, fields, head: judged, sender, isHandshake } };
    } catch (thrown) {
      question = asGatewayError(thrown);
    }
    const record = recordOfDecision(asked, door?.dialect ?? 'none');
    // Most proxies pass the client's `traceparent` on.
    if (beginTrace !== null) record.trace = beginTrace(record, asked.head?.traceparent, asking.trusted);
    const refuse = (thrown: unknown): DecisionAnswer => {
      const error = asGatewayError(thrown);
      record.failure = error;
      return no(error, record, door?.dialect ?? null, sender === null ? null : strictTransport.valueFor(sender));
    };
    try {
      if (door === null) return { record, answer: keysFor(subrequest, record) ?? refuse(question) };
      if (question instanceof GatewayError) return { record, answer: refuse(question) };
      const answer = decide(question, door, record);
      return { record, answer: answer instanceof Promise ? answer.catch(refuse) : answer };
    } catch (thrown) {
      return { record, answer: refuse(thrown) };
    }
  };

  function decide({ incoming, route }: Question, door: Door, record: RequestRecord): MaybePromise<DecisionAnswer> {
    const judged = route === null ? admission.judge(incoming, record) : admission.judgeOn(route, incoming, record);
    return andThen(judged, (admitted) => {
      const fields = everyIdentityField(admitted, keySet !== null);
      return yes(admitted.route, fields, record, door.dialect, keepFor(admitted, door, incoming));
    });
  }

  /** @throws GatewayError 400 without `X-Forwarded-For`: all clients would count as one */
  function senderOf({ forwardedFor, forwardedProto }: Head, peer: Peer): Sender {
    const client = forwardedFor === undefined ? null : clientOfProxy(peerOf, forwardedFor);
    if (client === null) throw badRequest('the proxy must send X-Forwarded-For');
    return { peer, client, forwarding: { forwardedFor, forwardedProto, forwarded: undefined } };
  }

  /** @throws GatewayError 404 for an unknown name */
  function routeOf(door: Door): Route | null {
    if (door.dialect === 'ext-authz' || door.route === null) return null;
    const route = byName.get(door.route);
    if (route === undefined) throw new GatewayError('not_found', 'no route of this name');
    return route;
  }

  /** @returns seconds. nginx keeps an answer for up to a second longer; null: it must not keep it */
  function keepFor({ route, identity }: Admitted, door: Door, incoming: IncomingRequest): number | null {
    if (cache === 0 || door.dialect !== 'auth-request' || identity === null) return null;
    const { isHandshake, head } = incoming;
    // Cross-site request forgery: the decision depends on fields, and for a WebSocket on a token in
    // Sec-WebSocket-Protocol, that are not in the key of nginx's cache.
    if (isHandshake || head.origin !== undefined || head.fetchSite !== undefined) return null;
    // A limit counts each request, and nginx keeps an answer for clients of every address.
    if (route.limits !== null || route.allowFrom !== null) return null;
    if (identity.by === 'token') {
      const { addresses, expiresAt } = identity.token.claims;
      if (addresses !== null || expiresAt * 1000 < now() + cache) return null;
    }
    return Math.floor(cache / 1000) - 1;
  }
}

/** What is known of the original request before anything is read. The caller replaces it by what it finds. */
function askedOf(
  { method, url, version }: Subrequest,
  client: string,
): { -readonly [Key in keyof AskedRequest]: AskedRequest[Key] } {
  return { method, url, version, client, head: null };
}

/** @throws GatewayError 400 if the proxy does not say what its client asks for */
function originalOf(door: Door, route: Route | null, { method, url, fields }: Subrequest): Original {
  const { dialect } = door;
  if (dialect === 'ext-authz') return { method, url: door.target };
  if (route === null) return { method: originalMethod(fields, dialect), url: originalTarget(fields, dialect) };
  return {
    method: route.methods === undefined ? methodIfKnown(fields, dialect) : originalMethod(fields, dialect),
    url,
  };
}

type Original = Pick<IncomingRequest, 'method' | 'url'>;

/** The answer comes without the body in any case, so that no expectation fails. */
function withoutExpect(fields: RawFields): RawFields {
  return lastValue(fields, 'expect') === undefined ? fields : keepFields(fields, (name) => name !== 'expect');
}
