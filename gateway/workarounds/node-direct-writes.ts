import type { Socket } from 'node:net';

/**
 * Writes a short text to a socket past its stream, if the text can leave at once; otherwise as `write` does.
 *
 * Node has no public way to do so. Its stream costs half a microsecond for each write: states, a callback, and a turn of the
 * queue of ticks. From Node 26.10 on, the handle below a socket takes a write without an object for it, and returns 0 when all
 * has been handed to the kernel. Earlier versions would end the process, and later major ones may.
 *
 * @param text as Latin-1
 * @returns as `write`: whether more can be written at once
 */
export function writeDirectly(socket: Socket, text: string): boolean {
  const handle = IS_OFFERED && text.length <= MOST_TRIED && isReady(socket) ? handleOf(socket) : null;
  if (handle === null) return socket.write(text, 'latin1');
  const written = handle.writeLatin1String(null, text);
  if (written === 0) return true;
  const waiting = typeof written === 'number' ? text : text.slice(-handle.writeQueueSize);
  return giveToStream(handle, 'writeLatin1String', written, () => socket.write(waiting, 'latin1'));
}

/**
 * Writes a piece of a body, between two texts, as `writeDirectly` does: in one call of the kernel, which takes the piece from
 * where it is.
 *
 * @param before and `after` as Latin-1
 * @param done is called once the memory of the piece is of no more use, perhaps at once
 */
export function writePieceDirectly(
  socket: Socket,
  before: string,
  piece: Buffer,
  after: string,
  done: () => void,
): void {
  const handle = IS_OFFERED && isReady(socket) ? handleOf(socket) : null;
  if (handle === null) {
    writeThrough(socket, before, piece, after, done);
    return;
  }
  const written =
    before === '' && after === ''
      ? handle.writeBuffer(null, piece)
      : handle.writev(null, [before, 'latin1', piece, 'buffer', after, 'latin1'], false);
  if (written === 0) {
    done();
    return;
  }
  // The buffer that the stream is given keeps the memory, and says how much waits.
  const waiting = typeof written === 'number' ? piece.length : Math.min(handle.writeQueueSize, piece.length);
  giveToStream(handle, 'writeBuffer', written, () => socket.write(piece.subarray(piece.length - waiting), done));
}

function writeThrough(socket: Socket, before: string, piece: Buffer, after: string, done: () => void): void {
  socket.cork();
  if (before !== '') socket.write(before, 'latin1');
  socket.write(piece, done);
  if (after !== '') socket.write(after, 'latin1');
  socket.uncork();
}

const [MAJOR = 0, MINOR = 0] = process.versions.node.split('.').map(Number);
/** Where it is known to work: a version that takes no such write would end the process. */
const IS_OFFERED = MAJOR === 26 && MINOR >= 10;
/** Characters. Node allocates memory for more. */
const MOST_TRIED = 16_384;

/** Whether nothing waits in the stream, which could be overtaken. */
function isReady(socket: Socket): boolean {
  return socket.writableLength === 0 && socket.writable && !socket.connecting && socket.writableCorked === 0;
}

/** @returns null for TLS, whose handle has other rules */
function handleOf(socket: Socket): Handle | null {
  const { _handle: handle } = socket as { _handle?: Partial<Handle> | null };
  if (handle?.writeLatin1String === undefined || 'encrypted' in socket) return null;
  return handle as Handle;
}

/**
 * The write has failed, or the client reads too slowly: then the handle keeps the rest, and completes the request that it has
 * returned when the rest has left. The stream is to report the one, and to wait for the other as for a write of its own, so that it
 * counts the rest, gives `drain`, and has later writes wait. It is given the rest to write, and its call of the handle gets what
 * this one got. Another write would not meet the same error: a reset is reported once.
 */
function giveToStream(
  handle: Handle,
  method: 'writeLatin1String' | 'writeBuffer',
  result: number | object,
  write: () => boolean,
): boolean {
  const original = handle[method];
  const giveResult = () => {
    Object.assign(handle, { [method]: original });
    return result;
  };
  Object.assign(handle, { [method]: giveResult });
  return write();
}

/** Node's undocumented handle of a TCP or Unix socket. */
interface Handle {
  /** @returns 0: it has left; another number: an error; an object: the rest waits */
  writeLatin1String(request: null, text: string): number | object;
  writeBuffer(request: null, bytes: Buffer): number | object;
  /** @param chunks each with its encoding behind it */
  writev(request: null, chunks: readonly (string | Buffer)[], areAllBuffers: false): number | object;
  /** Bytes that wait. */
  readonly writeQueueSize: number;
}
