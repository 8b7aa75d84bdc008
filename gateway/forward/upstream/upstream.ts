import type { Dispatcher } from 'undici';
import type { UpstreamAddress } from '../path.ts';
import type { UpstreamAgent } from '../proxy-middleware/agent.ts';
import type { Availability } from './availability.ts';

/** One server that requests can be sent to. */
export interface Upstream extends UpstreamAddress {
  readonly dispatcher: Dispatcher;
  /** Its connections for http-proxy-middleware. */
  readonly agent: UpstreamAgent;
  readonly weight: number;
  readonly availability: Availability;
  /** Requests that it has not answered. Counted by whoever sends them. */
  outstanding: number;
  /** Places of those that it has for requests and WebSockets; with HTTP/1.1 each is a connection. */
  taken: number;
}
