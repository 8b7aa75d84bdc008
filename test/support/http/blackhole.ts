import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { ExecutionContext } from 'ava';

/** Listens with the shortest backlog and then blocks its thread, so that no connection is accepted until it continues. */
const LISTEN_AND_STOP = `
  const { createServer } = require('node:net');
  const { parentPort, workerData } = require('node:worker_threads');
  const server = createServer((socket) => {
    parentPort.postMessage('connected');
    socket.on('error', () => {});
    socket.on('data', (data) => parentPort.postMessage(data.toString('latin1')));
    socket.on('close', () => parentPort.postMessage('closed'));
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(workerData, 0, 0));
  });
`;

export interface Blackhole {
  readonly url: string;
  /** Accepts the connections; the connecting kernel retries after 1, 3, 7… seconds. */
  open(): void;
  /** Whether someone is connecting. */
  isAwaited(): boolean;
  /** The events of accepted connections, in order: `connected`, the data they sent, `closed`. */
  readonly events: readonly string[];
  /** The number of idle connections that fill the backlog. */
  readonly fillers: number;
}

/** A port on which connecting neither succeeds nor fails: the backlog is full, and the kernel drops SYN packets. */
export async function blackhole(t: ExecutionContext): Promise<Blackhole> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(LISTEN_AND_STOP, { eval: true, workerData: gate });
  t.teardown(() => worker.terminate());
  const [port] = (await once(worker, 'message')) as [number];
  const events: string[] = [];
  worker.on('message', (event: string) => events.push(event));
  for (let fillers = 1; fillers <= 20; fillers++) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    t.teardown(() => socket.destroy());
    const connected = await Promise.race([once(socket, 'connect').then(() => true), delay(300, false)]);
    if (connected) continue;
    const open = () => {
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
    };
    const isAwaited = () => connectingTo(port) > 1;
    return { url: `http://127.0.0.1:${port}`, open, isAwaited, events, fillers };
  }
  throw new Error('the queue of a listening socket does not fill up on this machine');
}

/** The number of connections to a port that the kernel is establishing, the last filler's included, from proc_net_tcp(5). */
function connectingTo(port: number): number {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  return lines.filter((line) => {
    const [, , address = '', state] = line.trim().split(/ +/);
    return address.endsWith(remote) && state === SYN_SENT;
  }).length;
}

const SYN_SENT = '02';
