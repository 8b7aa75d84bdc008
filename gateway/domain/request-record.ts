import type { GatewayError } from './errors.ts';
import type { Trace } from './trace.ts';

/** What an answer says of the limits of its route (draft-ietf-httpapi-ratelimit-headers-10). */
export interface RateLimitFields {
  /** The value of `RateLimit-Policy`. */
  readonly policy: string;
  /** The value of `RateLimit`. */
  readonly state: string;
}

/** The data of one request for its log line, filled in by the stages. */
export interface RequestRecord {
  readonly id: string;
  /** Whether the gateway has made the id; otherwise it is the client's. */
  readonly hasMadeId: boolean;
  /** The address of the client, also as reported by trusted proxies. */
  readonly client: string;
  readonly method: string;
  /** As sent, without the query. It may contain a credential. */
  readonly path: string;
  /** Such as `HTTP/1.1`; empty if the request had no supported version. */
  readonly protocol: string;
  /** As sent. */
  readonly userAgent: string | undefined;
  /** `performance.now()` at its arrival. */
  readonly startedAt: number;
  /** Null: the gateway does not trace, or the request never began. */
  trace: Trace | null;
  accountId: string | null;
  /** The id of its token. */
  tokenId: string | null;
  /** The name of its route; `tokens` for the gateway's own endpoints. */
  route: string | null;
  upstream: string | null;
  /** The door of the decisions listener that was asked; null: the request is one to the gateway itself. */
  readonly door: string | null;
  /** Bytes of the request body that were read, without chunk framing. */
  received: number;
  /** Bytes of the response body that were written, without chunk framing; for a WebSocket, all bytes after its 101. */
  sent: number;
  /** The status that the listener wrote itself; 499: none, the status is that of the response. */
  status: number;
  /** What its answer says of the limits of its route; null: it was not counted. */
  rateLimit: RateLimitFields | null;
  /** Set when the request failed, even after the response had begun. */
  failure: GatewayError | null;
}

/** An admitted request to the account pages. */
export interface PageRequest {
  /** The admitted target, in origin form. */
  readonly url: string;
  readonly requestId: string;
  /** The address of the client. */
  readonly client: string;
  /** Reports a failure whose response is an error page, for the log. */
  onFailure(error: GatewayError): void;
  /** Reports the logged-in account, for the log. */
  onOwner(accountId: string): void;
}
