import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { replaceClose } from '../workarounds/node-destroy-soon.ts';

/** Up to this many bytes of a body that nobody wants are read and thrown away, so that the connection can be kept. */
const WORTH_DRAINING = 64 * 1024;
/** How long, in ms, a client may go on sending after it was answered. */
const LINGER = 5_000;
/** How long, in ms, it may take to hand the rest of an answer to a slow client. */
const FLUSH = 30_000;

/**
 * To be called before an answer is begun: when the request's body is still under way, the connection closes after the
 * answer, and it closes gently.
 *
 * Closing a socket with unread bytes in it makes the kernel send a reset, which can overtake the answer, and the client
 * reports a broken connection in place of the 401 or 413 it was sent. So the sending half is closed first and what
 * still arrives is thrown away for a while (RFC 9112 section 9.6).
 *
 * @returns whether the answer must carry `Connection: close`
 */
export function mustCloseAfterAnswer(req: IncomingMessage, res: ServerResponse, awaitsContinue: boolean): boolean {
  if (req.complete || !announcesBody(req)) return false;
  const length = req.headers['content-length'];
  if (!awaitsContinue && length !== undefined && Number(length) <= WORTH_DRAINING) return false;
  const { socket } = req;
  replaceClose(socket, lingeringClose);
  res.once('finish', () => req.resume());
  return true;
}

function announcesBody(req: IncomingMessage): boolean {
  const length = req.headers['content-length'];
  return req.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/**
 * Ends the sending half, throws away what still arrives, and closes when the peer has ended its own half or the time is
 * up: `FLUSH` for what is still to be sent, then `LINGER` for the peer to read it.
 */
export function lingeringClose(socket: Duplex): void {
  if (socket.destroyed) return;
  const destroy = () => socket.destroy();
  let timer = setTimeout(destroy, FLUSH);
  socket.end(() => {
    clearTimeout(timer);
    timer = setTimeout(destroy, LINGER);
    if (socket.destroyed) clearTimeout(timer);
  });
  socket.resume();
  socket.once('close', () => clearTimeout(timer));
}
