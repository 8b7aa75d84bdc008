import type { Place } from '../../../test/lab/processes/place.ts';

/** The two gateways and their stores. */
export const MACHINES = ['a', 'b', 'database', 'redis'] as const;
export type Machine = (typeof MACHINES)[number];
export type Node = 'a' | 'b';
export type Store = 'database' | 'redis';

/**
 * How a gateway and a store lose each other. `silent`: nothing arrives, in either direction, and nobody is told.
 * `answers`: what the gateway sends arrives, and the answers do not.
 */
export type Cut = 'silent' | 'answers';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The network between clients, gateways and stores, which can be cut. Each function that cuts returns the one that heals. */
export interface Network {
  /** For the output. */
  readonly description: string;
  placeOf(machine: Machine): Place;
  /** Where the gateway reaches a store. @param port of the store */
  storeFrom(node: Node, store: Store, port: number): Promise<Address>;
  /** Where clients reach a gateway. @param port of the gateway */
  gatewayFromClients(node: Node, port: number): Promise<Address>;
  /** Where the gateways reach what listens at this address of the clients' machine. */
  readonly clients: string;
  cut(node: Node, store: Store, how: Cut): Promise<() => Promise<void>>;
  /** Takes a machine off the network: also its own packets have nowhere to go. */
  unplug(machine: Machine): Promise<() => Promise<void>>;
}
