import { Socket } from 'node:net';

/** The reads of a socket that go past its stream. */
export interface DirectReads {
  /** Has the stream of the socket get what is read, as of every other socket. */
  end(): void;
}

/**
 * Has a socket that a server has accepted read into memory of the caller, and hands each read to it.
 *
 * Node (20 to 26) offers this for connections that a program opens (`onread` of `net.connect`), not for those that it accepts.
 * Without it, each read costs an allocation of 64 KiB, a buffer and an event: a twentieth of a request. The option's three
 * internal properties are set here as the constructor of `Socket` does.
 *
 * @param next returns the memory for the next read
 * @param take gets what was read
 * @returns null if this version of Node has no such properties: the caller listens to `data`
 */
export function readDirectly(
  socket: Socket,
  next: () => Buffer,
  take: (bytes: Buffer, length: number) => void,
): DirectReads | null {
  const { _handle: handle } = socket as { _handle?: Handle | null };
  if (BUFFER === undefined || CALLBACK === undefined || GENERATOR === undefined) return null;
  if (handle?.useUserBuffer === undefined) return null;
  let isDirect = true;
  const onRead = (length: number, bytes: Buffer): boolean => {
    if (!isDirect) return socket.push(Buffer.from(bytes.subarray(0, length)));
    take(bytes, length);
    return true;
  };
  const first = next();
  Object.assign(socket, { [BUFFER]: first, [CALLBACK]: onRead, [GENERATOR]: next });
  handle.useUserBuffer(first);
  return {
    end() {
      isDirect = false;
    },
  };
}

interface Handle {
  useUserBuffer?(buffer: Buffer): void;
}

const properties = new Map(Object.getOwnPropertySymbols(new Socket()).map((symbol) => [symbol.description, symbol]));
const BUFFER = properties.get('kBuffer');
const CALLBACK = properties.get('kBufferCb');
const GENERATOR = properties.get('kBufferGen');
