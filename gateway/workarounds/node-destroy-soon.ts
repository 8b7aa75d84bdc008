import type { Socket } from 'node:net';

/**
 * Replaces the way in which Node's HTTP server closes a connection after its last answer.
 *
 * Node (20 to 26) calls `socket.destroySoon()`, which closes the socket as soon as the answer is written, and has no option
 * for another way. Unread bytes then make the kernel send a reset, which can overtake the answer.
 *
 * @param close ends the connection
 */
export function replaceClose(socket: Socket, close: (socket: Socket) => void): void {
  socket.destroySoon = () => close(socket);
}
