import { setPriority } from 'node:os';
import { Client } from 'undici';
import { basic } from '../test/lab/gateways/gateway.ts';
import { programArguments } from './harness/arguments.ts';

/**
 * Sends wrong passwords of ever new accounts from ever new addresses for ten seconds, and prints how they were answered.
 * Attackers have a machine of their own: on this one they get what is left.
 */
const [origin = '', path = ''] = programArguments('node bench/flood.ts ORIGIN PATH');
const SECONDS = 10;
/** Twice as many as may wait for a hash. */
const CONNECTIONS = 128;
/** Milliseconds that each waits for its next try, on average: those of many attackers fall at no common moment. */
const PAUSE = 50;

setPriority(19);
const until = performance.now() + SECONDS * 1_000;
const statuses = new Map<number, number>();

async function keepTrying(connection: number): Promise<void> {
  const client = new Client(origin);
  for (let i = 0; performance.now() < until; i++) {
    const headers = {
      authorization: basic({ email: `nobody${connection}-${i}@example.com`, password: 'wrong' }),
      'x-forwarded-for': `10.${connection}.${(i >> 8) & 255}.${i & 255}`,
    };
    const { statusCode, body } = await client.request({ path, method: 'GET', headers });
    await body.dump();
    statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
    await new Promise((resolve) => setTimeout(resolve, 2 * PAUSE * Math.random()));
  }
  await client.close();
}

await Promise.all(Array.from({ length: CONNECTIONS }, (_, i) => keepTrying(i)));
console.log([...statuses].map(([status, count]) => `${status}: ${count}`).join(', '));
