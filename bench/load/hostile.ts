import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Scope } from '../../test/lab/scope.ts';
import { listenOn } from './hostile-upstream.ts';

/** What a hostile peer does to a gateway. */
export interface Load {
  readonly name: string;
  /** Of the upstream, which does what the path says. */
  readonly path: string;
  /** @returns what became of it */
  run(port: number): Promise<string>;
}

const GET = 'GET /s HTTP/1.1\r\nHost: a\r\n\r\n';
const HEAD = 'GET /s HTTP/1.1\r\nHost: a\r\nX: ';
/** Milliseconds for which loads without an end are watched. */
const WATCHED = 5_000;
/** Milliseconds after which a client leaves. */
const LONGEST = 10_000;

export const startHostileUpstream: (scope: Scope) => Promise<string> = listenOn;

export const LOADS: readonly Load[] = [
  { name: '1,000 heads, one byte every second', path: '/short', run: slowHeads },
  { name: '1,000 requests, heads of 16 KB with 4,000 fields', path: '/short', run: tinyFields },
  { name: 'a million requests ahead, answers not read', path: '/short', run: pipelined },
  { name: '100 answers without end, not read', path: '/endless', run: (port) => unread(port, 100) },
  { name: '10 answers, heads of 8 KB byte by byte', path: '/head-bytes', run: (port) => answered(port, 10) },
  { name: '10 answers of 10,000 chunks of one byte', path: '/chunk-bytes', run: (port) => answered(port, 10) },
  { name: 'interim answers without end', path: '/interim', run: (port) => answered(port, 1) },
  { name: 'a chunk extension of an answer without end', path: '/extension', run: (port) => answered(port, 1) },
  { name: 'a chunk extension of a request without end', path: '/short', run: endlessExtension },
  { name: '10,000 idle connections, after one request each', path: '/short', run: (port) => idle(port, 10_000) },
];

async function opened(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Resolves when the socket has room again, or is closed. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('drain', resolve);
    socket.once('close', () => resolve());
  });
}

/** Reads until the end of the connection. */
async function read(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (piece: string) => {
    text += piece;
  });
  // `once` of node:events would reject where the gateway resets the connection.
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

function statusesOf(answers: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const answer of answers) {
    const status = /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 'none';
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return [...counts].map(([status, count]) => `${count} × ${status}`).join(', ');
}

async function slowHeads(port: number): Promise<string> {
  const sockets = await Promise.all(Array.from({ length: 1_000 }, () => opened(port)));
  const answers = sockets.map(read);
  const writing = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write(HEAD[socket.bytesWritten] ?? 'x');
  }, 1_000);
  const text = statusesOf(await Promise.all(answers));
  clearInterval(writing);
  return text;
}

async function tinyFields(port: number): Promise<string> {
  const head = `GET /s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${'a:\r\n'.repeat(4_000)}\r\n`;
  const answers: string[] = [];
  for (let i = 0; i < 1_000; i++) {
    const socket = await opened(port);
    socket.write(head);
    answers.push(await read(socket));
  }
  return statusesOf(answers);
}

async function pipelined(port: number): Promise<string> {
  const socket = await opened(port);
  socket.pause();
  const block = GET.repeat(1_000);
  let sent = 0;
  const writing = (async () => {
    for (; sent < 1_000_000 && !socket.destroyed; sent += 1_000) {
      if (!socket.write(block)) await drained(socket);
    }
  })();
  await Promise.race([writing, pause(WATCHED)]);
  socket.destroy();
  return `took ${sent} requests in ${WATCHED / 1_000} s`;
}

async function unread(port: number, count: number): Promise<string> {
  const sockets = await Promise.all(Array.from({ length: count }, () => opened(port)));
  for (const socket of sockets) {
    socket.pause();
    socket.write(GET);
  }
  await pause(WATCHED);
  for (const socket of sockets) socket.destroy();
  return `watched for ${WATCHED / 1_000} s`;
}

async function answered(port: number, count: number): Promise<string> {
  const requests = Array.from({ length: count }, async () => {
    const socket = await opened(port);
    socket.write(GET.replace('Host', 'Connection: close\r\nHost'));
    const patience = setTimeout(() => socket.destroy(), LONGEST);
    const text = await read(socket);
    clearTimeout(patience);
    return text;
  });
  return statusesOf(await Promise.all(requests));
}

async function endlessExtension(port: number): Promise<string> {
  const socket = await opened(port);
  const answer = read(socket);
  socket.write('POST /s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;');
  while (socket.writable) {
    if (!socket.write('x'.repeat(10_000))) await drained(socket);
    await pause(1);
  }
  return statusesOf([await answer]);
}

async function idle(port: number, count: number): Promise<string> {
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i++) {
    const socket = await opened(port);
    socket.write(GET);
    await new Promise((resolve) => socket.once('data', resolve).once('close', resolve));
    sockets.push(socket);
  }
  await pause(2_000);
  const open = sockets.filter(({ readyState }) => readyState === 'open').length;
  for (const socket of sockets) socket.destroy();
  return `${open} open`;
}
