import { setTimeout as pause } from 'node:timers/promises';
import bcrypt from 'bcrypt';
import { Agent, request } from 'undici';
import { hashPassword } from '../gateway/identify/passwords/password.ts';
import { ADA, basic } from '../test/lab/gateways/gateway.ts';
import { PATH } from '../test/lab/gateways/load.ts';
import { openScope } from '../test/lab/open-scope.ts';
import { numberArgument } from './harness/arguments.ts';
import { passwordGateways } from './harness/password-gateways.ts';
import { percentile } from './harness/statistics.ts';

/**
 * A restart, as clients with passwords meet it: the first requests of a thousand accounts come in the same moment, from one
 * address and from a thousand. Who is refused comes again when the answer's `Retry-After` says.
 */

const COST = numberArgument('node bench/first-passwords.ts', { name: 'COST', usual: 10, least: 4, most: 16 });
const ACCOUNTS = 1_000;

const scope = openScope();
try {
  const all = await passwordGateways(scope, COST);
  const passwordHash = await hashPassword(ADA.password, COST);
  for (let i = 0; i < ACCOUNTS; i++) await all.accounts.add({ email: emailOf(i), passwordHash, confirmed: true });
  const begun = performance.now();
  for (let i = 0; i < 5; i++) await bcrypt.compare(ADA.password, passwordHash);
  const hash = (performance.now() - begun) / 5;
  console.log(`${ACCOUNTS} accounts; a hash of cost ${COST} takes ${hash.toFixed(0)} ms, one after the other`);
  for (const [name, addressOf] of [
    ['one address', () => '192.0.2.1'],
    ['as many addresses', (i: number) => `10.0.${i >> 8}.${i & 255}`],
  ] as const) {
    const node = await all.start(name.replaceAll(' ', '-'));
    await restart(node.url, name, addressOf);
    await node.stop();
  }
} finally {
  await scope.close();
}

async function restart(url: string, name: string, addressOf: (account: number) => string): Promise<void> {
  const dispatcher = new Agent({ headersTimeout: 120_000 });
  const begun = performance.now();
  const refusals: number[] = [];
  const servedAfter = await Promise.all(
    Array.from({ length: ACCOUNTS }, async (_, i) => {
      const headers = {
        authorization: basic({ email: emailOf(i), password: ADA.password }),
        'x-forwarded-for': addressOf(i),
      };
      for (let refused = 0; ; refused++) {
        const answer = await request(url + PATH, { dispatcher, headers });
        await answer.body.dump();
        if (answer.statusCode === 200) {
          refusals.push(refused);
          return (performance.now() - begun) / 1_000;
        }
        await pause(Number(answer.headers['retry-after']) * 1_000);
      }
    }),
  );
  await dispatcher.close();
  const total = refusals.reduce((sum, count) => sum + count, 0);
  console.log(
    `${name}: all served after ${percentile(servedAfter, 100).toFixed(1)} s, half of them after ` +
      `${percentile(servedAfter, 50).toFixed(1)} s; ${refusals.filter((count) => count === 0).length} at their first try, ` +
      `${total} refusals, ${Math.max(...refusals)} at the most for one`,
  );
}

function emailOf(account: number): string {
  return `account${account}@example.com`;
}
