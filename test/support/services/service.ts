/** The servers that the tests need. */
export type ServiceName = 'MySQL' | 'PostgreSQL' | 'Redis';

/** A server that answers. */
export interface Service {
  /** `mysql://…` or `postgres://…` with the right to create databases, or `redis://…`. */
  readonly url: string;
  /** The origin of the server, for a line to the user. */
  readonly origin: string;
  /** Stops the server if it was started for the tests. Synchronous, so that it can run while the process exits. */
  readonly stop: () => void;
}

/** The result of one way to get a server. */
export type Attempt =
  | { readonly kind: 'available'; readonly service: Service }
  | { readonly kind: 'unavailable'; readonly reason: string };

export function available(service: Service): Attempt {
  return { kind: 'available', service };
}

export function unavailable(reason: string): Attempt {
  return { kind: 'unavailable', reason };
}
