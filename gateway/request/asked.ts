import type { Head } from '../http/head.ts';

/** A request as a door hands it over, with its head read. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly head: Head;
  /** The address of the client, as far as trusted proxies say. */
  readonly client: string;
  /** The address at the other end of the connection. */
  readonly peer: string | undefined;
  /** Whether it asks for a WebSocket. */
  readonly isHandshake: boolean;
}
