import type { Socket } from 'node:net';

/** One that undici does not know. */
const UPSTREAM_RESET = 'ERR_UPSTREAM_RESET';

/**
 * Has undici take the reset of a connection for an error.
 *
 * Undici (8.12) takes ECONNRESET for the end of an answer that only the end of the connection delimits: a truncated answer would
 * look complete. Under another code, a reset stays an error.
 */
export function keepResets(socket: Socket): void {
  socket.prependListener('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNRESET') error.code = UPSTREAM_RESET;
  });
}
