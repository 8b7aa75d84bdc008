import { connect, type Socket } from 'node:net';

/** A client that sends just the bytes it is told to, and repairs nothing. */
export interface RawClient {
  readonly socket: Socket;
  send(text: string | Buffer): void;
  /** Everything received so far, one character a byte. */
  received(): string;
  /** Resolves with everything received, as soon as it matches; rejects when the connection ends before. */
  until(pattern: RegExp): Promise<string>;
  /** Resolves with everything received when the peer has ended the connection, in whatever way. */
  ended(): Promise<string>;
  /** How the connection ended: `end` in order, or the code of the error, such as `ECONNRESET`. */
  ending(): Promise<string>;
}

export async function rawClient(port: number): Promise<RawClient> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  let text = '';
  let ending: string | null = null;
  const changed = new EventTarget();
  const notify = () => changed.dispatchEvent(new Event('change'));
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    text += chunk;
    notify();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    ending ??= error.code ?? 'error';
    notify();
  });
  socket.on('end', () => {
    ending ??= 'end';
    notify();
    socket.end();
  });
  socket.on('close', () => {
    ending ??= 'close';
    notify();
  });
  const when = <T>(read: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const look = () => {
        try {
          const value = read();
          if (value === undefined) return;
          changed.removeEventListener('change', look);
          resolve(value);
        } catch (error) {
          changed.removeEventListener('change', look);
          reject(error);
        }
      };
      changed.addEventListener('change', look);
      look();
    });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return {
    socket,
    send: (bytes) => void socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes),
    received: () => text,
    until: (pattern) =>
      when(() => {
        if (pattern.test(text)) return text;
        if (ending !== null) throw new Error(`connection over (${ending}) before ${pattern}: ${JSON.stringify(text)}`);
        return undefined;
      }),
    ended: () => when(() => (ending === null ? undefined : text)),
    ending: () => when(() => ending ?? undefined),
  };
}

/** Sends one request and gives the whole answer. The request must make the gateway close (`Connection: close`). */
export async function rawExchange(port: number, request: string): Promise<string> {
  const client = await rawClient(port);
  client.send(request);
  const answer = await client.ended();
  client.socket.destroy();
  return answer;
}

export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
}
