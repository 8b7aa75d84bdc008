import type { Socket } from 'node:net';

/**
 * Lets all be read that the peer has sent before a write fails because it has closed.
 *
 * A server that refuses an upload in the middle answers and closes; what it has not read makes its kernel send a reset. The
 * next write here fails, and a socket that is destroyed for that loses the answer which lies in its receive buffer. The end
 * of the reading, or its error, comes soon in any case, and then tells what has happened.
 */
export function readBeforeWriteFails(socket: Socket): void {
  const { _write, _writev, push } = socket;
  let done: Written = () => {};
  let lost: NodeJS.ErrnoException | null = null;

  // There is one write at a time, and so one function is enough for all.
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
    // The write has taken the error of the reset, without which an answer that was cut would look whole.
    if (chunk === null && lost?.code === 'ECONNRESET') {
      socket.destroy(lost);
      return false;
    }
    return push.call(this, chunk, encoding);
  };
  socket.once('end', () => {
    // Who reads has been told of the end; what is to be written never will be.
    if (lost !== null) setImmediate(() => socket.destroy());
  });
}

type Written = (error?: NodeJS.ErrnoException | null) => void;

function isLost(error: NodeJS.ErrnoException | null | undefined): error is NodeJS.ErrnoException {
  return error != null && (error.code === 'EPIPE' || error.code === 'ECONNRESET');
}
