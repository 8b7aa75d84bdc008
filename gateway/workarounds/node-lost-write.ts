import type { Socket } from 'node:net';

/**
 * Delays a failed write until everything that the peer sent has been read.
 *
 * A server that refuses an upload early answers and closes; unread bytes make its kernel send a reset. The next write here
 * then fails, and Node (20 to 26) destroys the socket for it, with the answer still in the receive buffer. The readable side
 * ends or fails soon after in any case, and decides.
 */
export function readBeforeWriteFails(socket: Socket): void {
  const { _write, _writev, push } = socket;
  let done: Written = () => {};
  let lost: NodeJS.ErrnoException | null = null;

  // Writable streams have one write at a time, so one callback serves all.
  const settle: Written = (error) => {
    if (isLost(error) && !socket.readableEnded) lost = error;
    else done(error);
  };
  socket._write = function write(chunk, encoding, callback) {
    done = callback;
    _write.call(this, chunk, encoding, settle);
  };
  if (_writev != null) {
    socket._writev = function writeMany(chunks, callback) {
      done = callback;
      _writev.call(this, chunks, settle);
    };
  }

  socket.push = function pushed(chunk, encoding) {
    // The failed write has consumed the error of the reset; without it, an answer that was cut would look whole.
    if (chunk === null && lost?.code === 'ECONNRESET') {
      socket.destroy(lost);
      return false;
    }
    return push.call(this, chunk, encoding);
  };
  socket.once('end', () => {
    // The reader has seen the end; what is left to write can never be sent.
    if (lost !== null) setImmediate(() => socket.destroy());
  });
}

type Written = (error?: NodeJS.ErrnoException | null) => void;

function isLost(error: NodeJS.ErrnoException | null | undefined): error is NodeJS.ErrnoException {
  return error != null && (error.code === 'EPIPE' || error.code === 'ECONNRESET');
}
