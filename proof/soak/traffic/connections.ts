import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';
import { SELF_SIGNED } from '../../../test/lab/upstreams/self-signed.ts';
import { anyToken, bearer, mayBeRefused } from './people.ts';
import type { Operation } from './requests.ts';
import { anyAddress, judge } from './world.ts';

/** Milliseconds. */
const ECHO_LIMIT = 60_000;

/** Opens a WebSocket, has a message echoed now and then, and ends it in one of the ways in which they end. @param longest milliseconds */
export function webSocket(longest: number): Operation {
  return async (world, { name, client }) => {
    const { random, people } = world;
    const token = anyToken(people, random);
    if (token === null) return;
    const begun = Date.now();
    const start = performance.now();
    const socket = new WebSocket(`${client.url.replace(/^http/, 'ws')}/api/v1/events/1`, {
      headers: { authorization: bearer(token), 'x-forwarded-for': anyAddress(random) },
      ca: SELF_SIGNED.cert,
      servername: 'localhost',
    } as WebSocket.ClientOptions);
    let failure = '';
    socket.on('error', (error) => {
      failure = error.message;
    });
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    const judged = (isWhole: boolean, operation: string) => {
      const latency = performance.now() - start;
      const status = isWhole ? 101 : mayBeRefused(token) ? 401 : null;
      const answer = { status, headers: {}, body: '', isWhole: status !== null, failure };
      judge(world, name, { begun, latency }, answer, { operation, statuses: [101, 401] });
    };
    await Promise.race([once(socket, 'open').catch(() => {}), closed]);
    const isOpen = socket.readyState === WebSocket.OPEN;
    judged(isOpen, 'open WebSocket');
    if (!isOpen) return;

    const until = performance.now() + random.below(longest) / (1 + random.below(10));
    while (performance.now() < until && socket.readyState === WebSocket.OPEN) {
      const limit = AbortSignal.timeout(ECHO_LIMIT);
      const echo = once(socket, 'message', { signal: limit }).catch(() => {});
      socket.send('x'.repeat(1 + random.below(2_000)));
      await Promise.race([echo, closed]);
      if (limit.aborted) failure = 'no echo';
      if (failure !== '') break;
      await pause(1_000 + random.below(4_000));
    }
    const isStillOpen = socket.readyState === WebSocket.OPEN && failure === '';
    failure ||= `closed before its end: ${socket.readyState}`;
    judged(isStillOpen, 'WebSocket');
    const end = random.below(10);
    if (end === 0) socket.terminate();
    else if (end === 1) socket.send('close');
    else socket.close();
    await Promise.race([closed, pause(ECHO_LIMIT)]);
    socket.terminate();
  };
}

/** A client that leaves in the middle of a request, of its body, or of its answer. */
export const leave: Operation = async (world, { name, client }) => {
  const { random, people, tally } = world;
  const token = anyToken(people, random);
  if (token === null) return;
  const headers = { authorization: bearer(token), 'x-forwarded-for': anyAddress(random) };
  if (random.once(2)) {
    const { status } = await client.leave({ path: '/api/v1/orders/pieces-50x20', headers }, random.below(300));
    return tally.expected('leave an answer', status, 0);
  }
  const { hostname: host, port } = new URL(client.url);
  const at = { host, port: Number(port) };
  const socket = name === 'tls' ? connectTls({ ...at, ca: SELF_SIGNED.cert, servername: 'localhost' }) : connectTcp(at);
  socket.on('error', () => {});
  const head = `POST /api/v1/files/1 HTTP/1.1\r\nHost: soak\r\nAuthorization: ${headers.authorization}\r\nContent-Length: 100000\r\n\r\n`;
  socket.write((head + 'x'.repeat(50_000)).slice(0, random.below(head.length + 50_000)));
  await pause(random.below(300));
  // Node can reset no connection below TLS.
  if (name === 'tls' || random.once(2)) socket.destroy();
  else socket.resetAndDestroy();
  tally.expected('leave a request', null, 0);
};
