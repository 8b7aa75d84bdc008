import type { Dispatcher } from 'undici';
import type { DirectConnections } from '../direct/connections.ts';
import type { UpstreamAddress } from '../path.ts';
import type { UpstreamAgent } from '../proxy-middleware/agent.ts';
import { AttemptAccount, type GroupMeter } from './attempt-account.ts';
import type { Availability } from './availability.ts';

/** One server that requests can be sent to. */
export interface Upstream extends UpstreamAddress {
  readonly dispatcher: Dispatcher;
  /** The connections that the gateway reads and writes by itself. */
  readonly connections: DirectConnections;
  /** The connections for http-proxy-middleware. */
  readonly agent: UpstreamAgent;
  /** Starts the account of an attempt that is about to be sent. */
  begin(): AttemptAccount;
}

/** An upstream with the state by which its group chooses. */
export class Server implements Upstream {
  readonly origin: string;
  readonly host: string;
  readonly basePath: string;
  readonly socketPath: string | null;
  readonly weight: number;
  readonly dispatcher: Dispatcher;
  readonly connections: DirectConnections;
  readonly agent: UpstreamAgent;
  readonly #availability: Availability;
  readonly #meter: GroupMeter;
  readonly #places: number;
  #taken = 0;
  #outstanding = 0;

  /** @param places for requests and WebSockets; with HTTP/1.1 each is a connection */
  constructor(
    { origin, host, basePath, socketPath }: UpstreamAddress,
    { weight, places }: { readonly weight: number; readonly places: number },
    { dispatcher, connections, agent }: Pick<Upstream, 'dispatcher' | 'connections' | 'agent'>,
    availability: Availability,
    meter: GroupMeter,
  ) {
    this.origin = origin;
    this.host = host;
    this.basePath = basePath;
    this.socketPath = socketPath;
    this.weight = weight;
    this.dispatcher = dispatcher;
    this.connections = connections;
    this.agent = agent;
    this.#availability = availability;
    this.#meter = meter;
    this.#places = places;
  }

  /** Attempts in progress. */
  get outstanding(): number {
    return this.#outstanding;
  }

  get isOpen(): boolean {
    return this.#availability.isOpen(this.#outstanding);
  }

  get hasPlace(): boolean {
    return this.#taken < this.#places;
  }

  takePlace(): void {
    this.#taken += 1;
  }

  leavePlace(): void {
    this.#taken -= 1;
  }

  /** The server was chosen for the next request of its group. */
  chosen(): void {
    this.#availability.chosen();
  }

  /** @param cause of a failed health check */
  checked(isWell: boolean, cause: string): void {
    this.#availability.setWell(isWell, cause);
  }

  begin(): AttemptAccount {
    this.#outstanding += 1;
    return new AttemptAccount(this.#availability, this.#meter, this.#over);
  }

  readonly #over = (): void => {
    this.#outstanding -= 1;
  };
}
