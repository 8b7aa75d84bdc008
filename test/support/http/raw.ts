import { connect, type Socket } from 'node:net';

/** A client that sends exactly the given bytes. */
export interface RawClient {
  readonly socket: Socket;
  send(text: string | Buffer): void;
  /** Everything received so far, one character for each byte (latin1). */
  received(): string;
  /** Resolves with everything received as soon as it matches; rejects when the connection ends first. */
  until(pattern: RegExp): Promise<string>;
  /** Resolves with everything received when the connection has ended, with or without an error. */
  ended(): Promise<string>;
  /** How the connection ended: `end`, or the code of the error, such as `ECONNRESET`. */
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

/** Sends one request. @returns the whole response. The request must make the gateway close (`Connection: close`). */
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
