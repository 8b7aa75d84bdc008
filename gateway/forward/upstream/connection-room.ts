/** The connections of one transport to a server. */
export interface ConnectionSet {
  readonly size: number;
  /** Closes the connection that has been free for longest. @returns whether there was one */
  closeIdle(): boolean;
}

/** The limit of connections to one server, which its transports share. */
export interface ConnectionRoom {
  /** @returns makes room for one more connection of the set: call before it is opened */
  join(set: ConnectionSet): () => void;
}

/**
 * Each request has a place among `most`, whichever transport it takes. So where there are as many connections as that, and another
 * one is needed, one of another transport is free.
 */
export function connectionRoom(most: number): ConnectionRoom {
  const sets: ConnectionSet[] = [];
  return {
    join(set) {
      sets.push(set);
      return () => {
        let excess = 1 - most;
        for (const { size } of sets) excess += size;
        for (const other of sets) {
          while (excess > 0 && other !== set && other.closeIdle()) excess -= 1;
        }
      };
    },
  };
}
