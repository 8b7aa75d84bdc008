import { once } from 'node:events';
import { connect } from 'node:net';
import { readAnswers } from './answers.ts';

/** Bytes: an answer of the upstream here fits in one read. */
const READ = 16 * 1_024;

/** A keep-alive connection that sends one request at a time. */
export interface Connection {
  /** @param onAnswer called once, when the whole answer is there */
  send(request: Buffer, onAnswer: () => void): void;
  close(): void;
}

/**
 * Opens a connection on a raw socket, which costs the load far less than a client of HTTP.
 *
 * @param onFailure told once when the server ends the connection or answers with anything but success; the connection is
 *   closed then
 */
export async function openConnection(port: number, onFailure: (error: Error) => void): Promise<Connection> {
  let answered = () => {};
  const take = readAnswers(() => answered());
  const socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    // One buffer for all reads, where a stream would make one for each.
    onread: {
      buffer: Buffer.allocUnsafe(READ),
      callback(bytes, buffer) {
        try {
          take(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
        } catch (error) {
          socket.destroy(error as Error);
        }
        return true;
      },
    },
  });
  await once(socket, 'connect');
  let failure = new Error('the server closed the connection');
  const onClose = () => onFailure(failure);
  socket.on('error', (error) => {
    failure = error;
  });
  socket.on('close', onClose);
  return {
    send(request, onAnswer) {
      answered = onAnswer;
      socket.write(request);
    },
    close() {
      socket.off('close', onClose);
      socket.destroy();
    },
  };
}

/** A GET as it goes over the wire. */
export function getRequest(path: string, authorization: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: bench\r\nAuthorization: ${authorization}\r\n\r\n`);
}
