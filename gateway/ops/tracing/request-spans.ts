import {
  type Attributes,
  type HrTime,
  SpanKind,
  type SpanStatus,
  SpanStatusCode,
  TraceFlags,
} from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import {
  ATTR_CLIENT_ADDRESS,
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_HTTP_REQUEST_RESEND_COUNT,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_PATH,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
} from '@opentelemetry/semantic-conventions';
import type { RequestRecord } from '../../domain/request-record.ts';
import type { Recording, Trace, TracedAttempt } from '../../domain/trace.ts';
import { turnTime } from '../../domain/turn-time.ts';
import { withoutCredentials } from '../redact.ts';

/** What all spans of a process share. */
export interface SpanContextOf {
  readonly resource: Resource;
  readonly version: string;
  /** The path of a route of this name; `undefined`: there is none. */
  pathOf(route: string): string | undefined;
}

/** Characters of a path or a user agent. */
const LONGEST = 2_048;
/** RFC 9110 and RFC 5789; all others are `_OTHER` by the semantic conventions. */
const METHODS: ReadonlySet<string> = new Set([
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'],
]);

/**
 * The spans of a request that has ended, by the semantic conventions for HTTP: one of the gateway as a server, and one as a client for
 * each attempt. They contain no query, no credential and no email.
 *
 * @param status of the response; 499 if there was none
 */
export function spansOf(
  record: RequestRecord,
  trace: Trace,
  recording: Recording,
  status: number,
  context: SpanContextOf,
): ReadableSpan[] {
  const endedAt = turnTime();
  // By the clock of now: it may have been set since the process started.
  const epoch = Date.now() - endedAt;
  const toSpan = (span: SpanFacts) => spanOf(span, trace.id, epoch, context);
  const server = toSpan(serverSpan(record, trace, recording, status, endedAt, context));
  const attempts = recording.attempts.map((attempt, sent) => {
    const isLast = sent === recording.attempts.length - 1;
    return toSpan(attemptSpan(record, recording, attempt, { sent, isLast, status, endedAt }));
  });
  return [server, ...attempts];
}

interface SpanFacts {
  readonly name: string;
  readonly kind: SpanKind;
  readonly spanId: string;
  readonly parentId: string | null;
  readonly isParentRemote: boolean;
  /** Milliseconds, as of `turnTime`. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Attributes;
  /** Null: none. */
  readonly errorType: string | null;
}

function serverSpan(
  record: RequestRecord,
  { parentId }: Trace,
  { spanId }: Recording,
  status: number,
  endedAt: number,
  { pathOf }: SpanContextOf,
): SpanFacts {
  const { failure, method } = record;
  const route = record.route === null ? undefined : (pathOf(record.route) ?? record.route);
  const known = METHODS.has(method) ? method : '_OTHER';
  // By the conventions, what the client did wrong is no error of the server.
  const isError = status >= 500 || (failure !== null && failure.fault !== 'client');
  return {
    name: route === undefined ? known : `${known} ${route}`,
    kind: SpanKind.SERVER,
    spanId,
    parentId,
    isParentRemote: true,
    startedAt: record.startedAt,
    endedAt,
    attributes: {
      [ATTR_HTTP_REQUEST_METHOD]: known,
      ...(known !== method && { [ATTR_HTTP_REQUEST_METHOD_ORIGINAL]: withoutCredentials(method) }),
      [ATTR_URL_PATH]: shown(record.path),
      ...(route !== undefined && { [ATTR_HTTP_ROUTE]: route }),
      ...(status !== NO_ANSWER && { [ATTR_HTTP_RESPONSE_STATUS_CODE]: status }),
      [ATTR_CLIENT_ADDRESS]: record.client,
      [ATTR_NETWORK_PROTOCOL_VERSION]: record.protocol.replace('HTTP/', ''),
      ...(record.userAgent !== undefined && {
        [ATTR_USER_AGENT_ORIGINAL]: shown(record.userAgent),
      }),
      'gatehouse.request.id': record.id,
      ...(record.route !== null && { 'gatehouse.route': record.route }),
      ...(record.door !== null && { 'gatehouse.door': record.door }),
      'gatehouse.authentication': authenticationOf(record),
      ...(record.accountId !== null && { 'enduser.id': record.accountId }),
      ...(record.tokenId !== null && { 'gatehouse.token.id': record.tokenId }),
      ...(failure !== null && { 'gatehouse.error': failure.code, 'gatehouse.fault': failure.fault }),
    },
    errorType: isError ? (failure?.code ?? String(status)) : null,
  };
}

/** Cut only afterwards: the beginning of a credential is not recognised as one. */
function shown(text: string): string {
  return withoutCredentials(text).slice(0, LONGEST);
}

/** The status of the log for a request without an answer. */
const NO_ANSWER = 499;

function authenticationOf({ accountId, tokenId, failure }: RequestRecord): string {
  if (failure?.code === 'unauthorized' || failure?.code === 'too_many_requests') return 'refused';
  if (accountId === null) return 'none';
  return tokenId === null ? 'password' : 'token';
}

interface AttemptFacts {
  /** How many attempts were before this one. */
  readonly sent: number;
  readonly isLast: boolean;
  /** What the client got. */
  readonly status: number;
  readonly endedAt: number;
}

function attemptSpan(
  { method, failure }: RequestRecord,
  { spanId: parentId }: Recording,
  { spanId, upstream, startedAt, failed }: TracedAttempt,
  { sent, isLast, status, endedAt }: AttemptFacts,
): SpanFacts {
  const known = METHODS.has(method) ? method : '_OTHER';
  const error = isLast ? failure : (failed?.error ?? null);
  // A failure after the answer had begun, such as a client that left, has the upstream's status.
  const isAnswered = isLast && (error === null || (error.status !== status && status !== NO_ANSWER));
  const address = addressOf(upstream);
  return {
    name: known,
    kind: SpanKind.CLIENT,
    spanId,
    parentId,
    isParentRemote: false,
    startedAt,
    endedAt: failed?.at ?? endedAt,
    attributes: {
      [ATTR_HTTP_REQUEST_METHOD]: known,
      ...address,
      ...(sent > 0 && { [ATTR_HTTP_REQUEST_RESEND_COUNT]: sent }),
      ...(isAnswered && { [ATTR_HTTP_RESPONSE_STATUS_CODE]: status }),
    },
    errorType: error?.code ?? (isAnswered && status >= 400 ? String(status) : null),
  };
}

/** @param origin such as `http://10.0.0.7:9000`, or `unix:/run/app.sock` */
function addressOf(origin: string): Attributes {
  if (!URL.canParse(origin) || origin.startsWith('unix:')) return { [ATTR_SERVER_ADDRESS]: origin };
  const { protocol, hostname, port } = new URL(origin);
  return {
    [ATTR_URL_SCHEME]: protocol.slice(0, -1),
    [ATTR_SERVER_ADDRESS]: hostname,
    [ATTR_SERVER_PORT]: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  };
}

/** @param epoch ms since 1970 at which `turnTime` was 0 */
function spanOf(
  { name, kind, spanId, parentId, isParentRemote, startedAt, endedAt, attributes, errorType }: SpanFacts,
  traceId: string,
  epoch: number,
  { resource, version }: SpanContextOf,
): ReadableSpan {
  const contextOf = (id: string) => ({ traceId, spanId: id, traceFlags: TraceFlags.SAMPLED });
  const status: SpanStatus = { code: errorType === null ? SpanStatusCode.UNSET : SpanStatusCode.ERROR };
  return {
    name,
    kind,
    spanContext: () => contextOf(spanId),
    ...(parentId !== null && { parentSpanContext: { ...contextOf(parentId), isRemote: isParentRemote } }),
    startTime: timeOf(epoch + startedAt),
    endTime: timeOf(epoch + endedAt),
    duration: timeOf(endedAt - startedAt),
    ended: true,
    status,
    attributes: errorType === null ? attributes : { ...attributes, [ATTR_ERROR_TYPE]: errorType },
    links: [],
    events: [],
    resource,
    instrumentationScope: { name: 'gatehouse', version },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** @returns seconds and nanoseconds */
function timeOf(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1_000);
  return [seconds, Math.round((milliseconds - seconds * 1_000) * 1e6)];
}
