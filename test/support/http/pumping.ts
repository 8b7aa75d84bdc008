import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const BLOCK = Buffer.alloc(64 * 1024, 'x');

export interface Pumped {
  /** Bytes written to the socket so far. */
  written: number;
  done: boolean;
}

/** Writes as fast as possible, and counts. */
export function pump(socket: Socket, bytes: number): Pumped {
  const state = { written: 0, done: false };
  const more = () => {
    while (state.written < bytes) {
      state.written += BLOCK.length;
      if (!socket.write(BLOCK)) return void socket.once('drain', more);
    }
    state.done = true;
  };
  more();
  return state;
}

/** Resolves when a number has not changed for a while: writing is then blocked, not just slow. */
export async function settled(read: () => number): Promise<void> {
  for (let before = -1; before !== read(); ) {
    before = read();
    await delay(300);
  }
}
