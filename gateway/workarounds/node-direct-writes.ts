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
  // An error. The stream meets it again, and reports it.
  if (typeof written === 'number') return socket.write(text, 'latin1');
  return awaitRest(socket, handle, written, text);
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
 * The client reads too slowly: the handle keeps the rest, and completes `request` when it has left. The stream is to wait for
 * that as for a write of its own, so that it counts the rest, gives `drain`, and has later writes wait. It is given the rest to
 * write, and its call of the handle gets the write that is under way already.
 */
function awaitRest(socket: Socket, handle: Handle, request: object, text: string): boolean {
  const { writeLatin1String } = handle;
  handle.writeLatin1String = () => {
    handle.writeLatin1String = writeLatin1String;
    return request;
  };
  return socket.write(text.slice(-handle.writeQueueSize), 'latin1');
}

/** Node's undocumented handle of a TCP or Unix socket. */
interface Handle {
  /** @returns 0: it has left; another number: an error; an object: the rest waits */
  writeLatin1String(request: null, text: string): number | object;
  /** Bytes that wait. */
  readonly writeQueueSize: number;
}
