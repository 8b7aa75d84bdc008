import { buildConnector } from 'undici';
import { ConnectionPool } from '../../../gateway/forward/undici/connection-pool.ts';
import { connectionRoom } from '../../../gateway/forward/upstream/connection-room.ts';
import type { Scope } from '../../lab/scope.ts';

/** Milliseconds; older than any connection of a test. */
export const NEVER_OLD = 600_000;

/** More connections than a test makes. */
const MANY = 1_000;

/** @param age milliseconds */
export function openPool(
  t: Scope,
  url: string,
  age = NEVER_OLD,
  connect = buildConnector({ timeout: 5_000 }),
): ConnectionPool {
  const pool = new ConnectionPool(url, { connect, headersTimeout: 5_000, age, most: MANY }, connectionRoom(MANY));
  t.teardown(() => pool.destroy());
  return pool;
}

/** Reads the response. @returns its status */
export async function ask(pool: ConnectionPool, path = '/'): Promise<number> {
  const { statusCode, body } = await pool.request({ path, method: 'GET' });
  await body.dump();
  return statusCode;
}

/** Sends a request with a line end in a field value (header injection). */
export async function askWrongly(pool: ConnectionPool): Promise<void> {
  await pool.request({ path: '/', method: 'GET', headers: { 'X-Here': 'one\r\nX-There: two' } });
}

/** undici makes a connection free for the next request one turn after the response. */
export async function nextTurn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise(setImmediate);
}
