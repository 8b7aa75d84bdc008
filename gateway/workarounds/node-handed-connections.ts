import type { Worker } from 'node:cluster';

/** A connection in the primary. */
interface Handle {
  close(): void;
}

/**
 * Tracks connections that the primary hands to a worker until the worker acknowledges them.
 *
 * Node (24 to 26) forgets the connections of a worker that dies before that: they are neither answered nor closed. This reads
 * Node's undocumented messages between primary and worker (lib/internal/cluster/). If their form changes, nothing is tracked,
 * and those clients wait until their own timeout.
 *
 * @returns closes the tracked connections; call it once the worker is dead
 */
export function watchHandedConnections({ process }: Worker): () => void {
  const handed = new Map<number, Handle>();
  const { send } = process;
  Object.defineProperty(process, 'send', {
    value(...args: unknown[]) {
      const [message, handle] = args;
      if (isHandOver(message) && isHandle(handle)) handed.set(message.seq, handle);
      return Reflect.apply(send, process, args);
    },
  });
  process.on('internalMessage', (message: unknown) => {
    if (isReply(message)) handed.delete(message.ack);
  });
  return () => {
    for (const handle of handed.values()) handle.close();
    handed.clear();
  };
}

function isHandOver(message: unknown): message is { seq: number } {
  return isObject(message) && message.act === 'newconn' && typeof message.seq === 'number';
}

function isReply(message: unknown): message is { ack: number } {
  return isObject(message) && typeof message.ack === 'number';
}

function isHandle(value: unknown): value is Handle {
  return isObject(value) && typeof value.close === 'function';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
