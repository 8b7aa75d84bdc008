import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hashPassword } from '../gateway/identify/passwords/password.ts';
import { ADA, basic } from '../test/lab/gateways/gateway.ts';
import { bearer, issue, PATH } from '../test/lab/gateways/load.ts';
import type { NodeProcess } from '../test/lab/gateways/nodes.ts';
import { openScope } from '../test/lab/open-scope.ts';
import { residentMemory } from '../test/lab/processes/resident-memory.ts';
import { programArguments } from './harness/arguments.ts';
import { passwordGateways } from './harness/password-gateways.ts';
import { requestRate } from './harness/request-rate.ts';
import { median, percentile } from './harness/statistics.ts';

/** Passwords at the speed of tokens, and tokens under a flood of wrong passwords: with servers of its own. */

programArguments('node bench/passwords.ts');

const ROUNDS = 5;
const ROUND_SECONDS = 4;
const FLOOD_SECONDS = 10;
const FLOODS = 3;
/** What new hashes have by default. */
const COST = 12;

const scope = openScope();
try {
  const all = await passwordGateways(scope, COST);
  const ada = await all.accounts.findByLogin(ADA.email);
  await all.accounts.setPassword(ada?.id ?? '', await hashPassword(ADA.password, COST));
  const node = await all.start('one');
  const token = bearer(await issue(node, ADA));
  await rates(node, token);
  await flood(node, token);
} finally {
  await scope.close();
}

async function rates(node: NodeProcess, token: string): Promise<void> {
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const byToken = await requestRate(node, token, ROUND_SECONDS);
    const byPassword = await requestRate(node, basic(ADA), ROUND_SECONDS);
    ratios.push(byPassword / byToken);
    console.log(`round ${round + 1}: token ${byToken}/s, password ${byPassword}/s`);
  }
  console.log(`password / token, median of ${ROUNDS}: ${median(ratios).toFixed(3)} (wanted 0.95 or more)`);
}

/**
 * Token requests, one after the other, with and without wrong passwords from ever new addresses beside them, in turns.
 */
async function flood(node: NodeProcess, token: string): Promise<void> {
  const before = await residentMemory(node.pid);
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
  const [megabytesBefore, megabytesAfter] = [before, await residentMemory(node.pid)].map(megabytes);
  console.log(`memory ${megabytesBefore} MB before, ${megabytesAfter} MB after`);
}

async function latencies({ url }: NodeProcess, token: string): Promise<number[]> {
  const program = join(import.meta.dirname, 'latencies.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, url, PATH, token, String(FLOOD_SECONDS)], {
    maxBuffer: 1e8,
  });
  return JSON.parse(stdout) as number[];
}

function megabytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(0);
}
