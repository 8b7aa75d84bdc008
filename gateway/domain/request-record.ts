import type { GatewayError } from './errors.ts';

/** What is known of one request, for its log line; filled in by the stages as they learn it. */
export interface RequestRecord {
  id: string;
  /** The address of whoever sent it, as far as trusted proxies say. */
  readonly client: string;
  readonly method: string;
  /** As sent, without the query. It may hold a credential. */
  readonly path: string;
  /** Such as `HTTP/1.1`; empty where there was none that the gateway speaks. */
  readonly protocol: string;
  /** As sent. */
  readonly userAgent: string | undefined;
  /** `performance.now()` at its arrival. */
  readonly startedAt: number;
  accountId: string | null;
  /** The id of the token that it was proven by. */
  tokenId: string | null;
  /** The name of its route; `tokens` for the gateway's own endpoints. */
  route: string | null;
  upstream: string | null;
  /** Bytes of the body that were read, without what chunks add. */
  received: number;
  /** Bytes of the answer's body that were written, without what chunks add; of a WebSocket, all that came after its 101. */
  sent: number;
  /** Of the answer that the listener wrote in place of the response; 499: there is no answer but the response. */
  status: number;
  /** Set when the request failed, also when the answer had already begun. */
  failure: GatewayError | null;
}

/** A request to the pages of account owners, as the pipeline hands it over. */
export interface AskedPage {
  /** In origin form, as it was decided on. */
  readonly url: string;
  readonly requestId: string;
  /** The address of whoever sends it. */
  readonly client: string;
  /** Hears of what was answered with a page that says what went wrong, for the log. */
  onFailure(error: GatewayError): void;
  /** Hears who is logged in, for the log. */
  onOwner(accountId: string): void;
}
