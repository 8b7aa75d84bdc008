import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { ExecutionContext } from 'ava';

/** Listens with the shortest queue and then stops, so that nobody takes a connection from the queue until it is opened. */
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
  /** Takes the connections after all; the kernel of the one that connects tries again after 1, 3, 7… seconds. */
  open(): void;
  /** Of connections that were taken: `connected`, what they sent, `closed`, in the order it happened. */
  readonly events: readonly string[];
  /** How many connections the queue was filled with; they send nothing and stay. */
  readonly fillers: number;
}

/** A port on which connecting neither succeeds nor fails: the kernel's queue is full and it drops what comes. */
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
    return { url: `http://127.0.0.1:${port}`, open, events, fillers };
  }
  throw new Error('the queue of a listening socket does not fill up on this machine');
}
