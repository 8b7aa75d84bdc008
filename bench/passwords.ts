import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hashPassword } from '../gateway/identify/passwords/password.ts';
import { ADA, basic } from '../test/lab/gateways/gateway.ts';
import { bearer, issue, PATH } from '../test/lab/gateways/load.ts';
import { type GatewayNode, gateways } from '../test/lab/gateways/nodes.ts';
import { privateMariadb } from '../test/lab/stores/mariadb.ts';
import { privateRedis } from '../test/lab/stores/redis-server.ts';
import { httpUpstream } from '../test/lab/upstreams/upstream.ts';
import { openScope } from './harness/scope.ts';
import { median, percentile } from './harness/statistics.ts';

/**
 * Passwords at the speed of tokens, and tokens under a flood of wrong passwords: with servers of its own.
 *
 * node bench/passwords.ts
 */
const ROUNDS = 5;
const ROUND_SECONDS = 4;
const FLOOD_SECONDS = 10;
const FLOODS = 3;
/** What new hashes have by default. */
const COST = 12;

const scope = openScope();
try {
  const [mariadb, redis, upstream] = await Promise.all([
    privateMariadb(scope),
    privateRedis(scope),
    httpUpstream(scope),
  ]);
  const all = await gateways(scope, {
    location: mariadb.location,
    redis: redis.url,
    upstream: upstream.url,
    settings: { accounts: { passwordCost: COST }, trustedProxies: ['127.0.0.1'] },
  });
  const ada = await all.accounts.findByEmail(ADA.email);
  await all.accounts.setPassword(ada?.id ?? '', await hashPassword(ADA.password, COST));
  const node = await all.start('one');
  const token = bearer(await issue(node, ADA));
  await rates(node, token);
  await flood(node, token);
} finally {
  await scope.close();
}

async function rates(node: GatewayNode, token: string): Promise<void> {
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const byToken = await rateOf(node, token);
    const byPassword = await rateOf(node, basic(ADA));
    ratios.push(byPassword / byToken);
    console.log(`round ${round + 1}: token ${byToken}/s, password ${byPassword}/s`);
  }
  console.log(`password / token, median of ${ROUNDS}: ${median(ratios).toFixed(3)} (wanted 0.95 or more)`);
}

/**
 * Token requests, one after the other, with and without wrong passwords from ever new addresses beside them, in turns.
 */
async function flood(node: GatewayNode, token: string): Promise<void> {
  const before = residentMegabytes(node);
  const ratios: number[] = [];
  for (let round = 0; round < FLOODS; round++) {
    const calm = percentile(await latencies(node, token), 99);
    const flooding = promisify(execFile)(process.execPath, [join(import.meta.dirname, 'flood.ts'), node.url, PATH]);
    const flooded = percentile(await latencies(node, token), 99);
    const { stdout } = await flooding;
    ratios.push(flooded / calm);
    console.log(`token p99 ${calm.toFixed(2)} ms, ${flooded.toFixed(2)} ms under the flood, answered ${stdout.trim()}`);
  }
  console.log(`p99 under the flood / without, median of ${FLOODS}: ${median(ratios).toFixed(2)} (wanted 2 or less)`);
  console.log(`memory ${before.toFixed(0)} MB before, ${residentMegabytes(node).toFixed(0)} MB after`);
}

async function latencies({ url }: GatewayNode, token: string): Promise<number[]> {
  const program = join(import.meta.dirname, 'latencies.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, url, PATH, token, String(FLOOD_SECONDS)], {
    maxBuffer: 1e8,
  });
  return JSON.parse(stdout) as number[];
}

async function rateOf({ url }: GatewayNode, authorization: string): Promise<number> {
  const program = join(import.meta.dirname, 'requests.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [
    program,
    url,
    PATH,
    authorization,
    String(ROUND_SECONDS),
  ]);
  return Math.round(Number(stdout) / ROUND_SECONDS);
}

/** What the system keeps in memory for the process (proc_pid_status(5), VmRSS). */
function residentMegabytes({ pid }: GatewayNode): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1_024;
}
