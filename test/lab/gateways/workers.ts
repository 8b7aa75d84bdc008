import { readdirSync, readFileSync } from 'node:fs';
import { Client } from 'undici';
import type { Scope } from '../scope.ts';
import { holds } from '../waiting/condition.ts';
import type { NodeProcess } from './nodes.ts';

/** A connection to one worker. */
export interface Line {
  readonly worker: number;
  /** Sends one request. @returns the status of the response */
  ask(method: string, path: string, authorization: string): Promise<number>;
}

const MOST_TRIES = 20;

/** A connection to each of a node's workers, by the worker's id in the log. The route `/api/v1/orders` must exist. */
export async function lineToEach(t: Scope, node: NodeProcess, workers: number): Promise<Line[]> {
  const lines = new Map<number, Line>();
  for (let tries = 0; lines.size < workers; tries++) {
    if (tries === MOST_TRIES) throw new Error(`${lines.size} of ${workers} workers answer`);
    const client = new Client(node.url, { keepAliveTimeout: 60_000, headersTimeout: 10_000 });
    t.teardown(() => client.destroy());
    const ask = async (method: string, path: string, authorization: string) => {
      const { statusCode, headers, body } = await client.request({ method, path, headers: { authorization } });
      await body.dump();
      return { statusCode, id: headers['x-request-id'] };
    };
    const { id } = await ask('GET', '/api/v1/orders', '');
    const found = () => node.log.find((line) => line.id === id);
    await holds('the request is in the log', () => found() !== undefined);
    const worker = Number(found()?.worker);
    const line: Line = { worker, ask: async (...args) => (await ask(...args)).statusCode };
    if (!lines.has(worker)) lines.set(worker, line);
  }
  return [...lines.values()];
}

/** The running child processes of a process. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((child) => statOf(child)?.parent === pid && isRunning(child));
}

/** Whether the process exists and is not a zombie. */
export function isRunning(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== null && stat.state !== 'Z' && stat.state !== 'X';
}

/** From proc_pid_stat(5): the state and the parent follow the name, which may contain any character. */
function statOf(pid: number): { state: string; parent: number } | null {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent = ''] = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return null;
  }
}
