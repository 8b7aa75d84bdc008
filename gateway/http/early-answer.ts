import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { replaceClose } from '../workarounds/node-destroy-soon.ts';

/** Bytes. An unwanted body up to this size is read and discarded, so that the connection can be kept. */
const WORTH_DRAINING = 64 * 1024;
/** Milliseconds for which a client may go on sending after its answer. */
const LINGER = 5_000;
/** Milliseconds to deliver the rest of an answer to a slow client. */
const FLUSH = 30_000;

/**
 * Call before an answer begins. If the request's body is still arriving, the connection closes after the answer, with a
 * lingering close.
 *
 * Closing a socket with unread bytes makes the kernel send a reset, which can overtake the answer: the client then reports
 * a broken connection instead of the 401 or 413. So the sending half is closed first, and further bytes are discarded for
 * a while (RFC 9112 section 9.6).
 *
 * @returns whether the answer must carry `Connection: close`
 */
export function mustCloseAfterAnswer(req: IncomingMessage, res: ServerResponse, awaitsContinue: boolean): boolean {
  if (req.complete || !announcesBody(req)) return false;
  const length = req.headers['content-length'];
  if (!awaitsContinue && length !== undefined && isWorthDraining(Number(length))) return false;
  const { socket } = req;
  replaceClose(socket, lingeringClose);
  res.once('finish', () => req.resume());
  return true;
}

/** @param length bytes of the request body */
export function isWorthDraining(length: number): boolean {
  return length <= WORTH_DRAINING;
}

function announcesBody(req: IncomingMessage): boolean {
  const length = req.headers['content-length'];
  return req.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/**
 * Ends the sending half, discards further bytes, and closes when the peer ends its half or the time is up: `FLUSH` to send
 * the rest, then `LINGER` for the peer to read it.
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
