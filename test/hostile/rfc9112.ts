import type { Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { tcpUpstream } from '../lab/upstreams/upstream.ts';
import { PATIENT } from '../support/gateways/forwarding.ts';
import { rawClient } from '../support/http/raw.ts';

/** A test of one clause, with the fast path and without: the results must be equal. */
export function clause(title: string, run: (t: ExecutionContext, fastPath: boolean) => Promise<void>): void {
  for (const fastPath of [true, false]) {
    // One after the other: each has a hundred connections at a time.
    test.serial(`RFC 9112 ${title} (${fastPath ? 'fast path' : 'Node and undici'})`, (t) => run(t, fastPath));
  }
}

/** A gateway with one open route, `/s`. */
export function gatewayTo(t: ExecutionContext, fastPath: boolean, upstream: string): Promise<TestGateway> {
  return testGateway(t, {
    listen: { fastPath },
    log: { level: 'error' },
    routes: [{ name: 's', path: '/s', upstream, auth: 'none' }],
    timeouts: { ...PATIENT, headers: '2m' },
  });
}

/**
 * The ways in which a message can arrive: in one piece, byte by byte, and cut at each offset.
 *
 * @param isCut whether it is cut: for the readers of the fast path
 */
export function arrivals(text: string, isCut = true): readonly (readonly string[])[] {
  if (!isCut) return [[text], [...text]];
  const cuts = Array.from({ length: text.length - 1 }, (_, i) => [text.slice(0, i + 1), text.slice(i + 1)]);
  return [[text], [...text], ...cuts];
}

/** Sends the pieces so that each is read by itself. */
export async function sendPieces(socket: Socket, pieces: readonly string[]): Promise<void> {
  socket.setNoDelay(true);
  for (const piece of pieces) {
    if (socket.destroyed) return;
    await new Promise((resolve) => socket.write(piece, 'latin1', resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Sends the pieces as a client. @returns all that it gets until the end of the connection */
export async function exchange(port: number, pieces: readonly string[]): Promise<string> {
  const client = await rawClient(port);
  const answer = client.ended();
  await sendPieces(client.socket, pieces);
  const text = await answer;
  client.socket.destroy();
  return text;
}

/** Answers each whole request with an empty 200, and tells its method, target and body. */
export async function countingUpstream(t: ExecutionContext): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = [];
  const { url } = await tcpUpstream(t, (socket) => {
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      for (let request = firstRequest(text); request !== null; request = firstRequest(text)) {
        text = text.slice(request.length);
        seen.push(request.shown);
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      }
    });
  });
  return { url, seen };
}

/** @returns null where the text has no whole request */
function firstRequest(text: string): { readonly shown: string; readonly length: number } | null {
  const end = text.indexOf('\r\n\r\n') + 4;
  if (end === 3) return null;
  const head = text.slice(0, end);
  const line = head.slice(0, head.indexOf(' HTTP/1.1\r\n'));
  if (/^transfer-encoding: chunked\r$/im.test(head)) {
    const { body, isWhole, length } = dechunked(text.slice(end));
    return isWhole ? { shown: `${line} ${body}`.trim(), length: end + length } : null;
  }
  const length = end + Number(/^content-length: (\d+)\r$/im.exec(head)?.[1] ?? 0);
  return text.length < length ? null : { shown: `${line} ${text.slice(end, length)}`.trim(), length };
}

export interface Body {
  readonly body: string;
  readonly trailers: readonly string[];
  readonly isWhole: boolean;
  /** Of the body as it stood on the wire. */
  readonly length: number;
}

/** Puts a body in chunks together. */
export function dechunked(text: string): Body {
  let body = '';
  let at = 0;
  for (let size = SIZE.exec(text); size !== null; size = SIZE.exec(text.slice(at))) {
    const length = Number.parseInt(size[1] ?? '', 16);
    at += size[0].length;
    if (length === 0) break;
    body += text.slice(at, at + length);
    at += length + 2;
  }
  const last = /^0+\r\n((?:[^\r]+\r\n)*)\r\n/.exec(text.slice(text.lastIndexOf('\n', at - 2) + 1));
  if (last === null) return { body, trailers: [], isWhole: false, length: text.length };
  const trailers = last[1] ?? '';
  return { body, trailers: trailers.split('\r\n').slice(0, -1), isWhole: true, length: at + trailers.length + 2 };
}

const SIZE = /^([0-9a-f]+)\r\n/i;

/** The status of each answer in what a client got. */
export function statuses(answers: string): number[] {
  return [...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}
