/**
 * How long a refused login takes, by what is wrong with it: the medians must lie within 5 % of each other, or the clock
 * tells who has an account. The cases take turns in an order drawn anew each time, so that what else the machine does
 * hits them alike, and each follows each. Exits with 1 when one is further off.
 */
import { bcryptDecoy } from '../gateway/identify/passwords/hashes/bcrypt.ts';
import { hashRules } from '../gateway/identify/passwords/hashes/hash-rules.ts';
import { hashPassword, passwordChecker } from '../gateway/identify/passwords/password.ts';
import { numberArgument } from './harness/arguments.ts';
import { median } from './harness/statistics.ts';

const TRIES = numberArgument('node bench/password-timing.ts', { name: 'TRIES', usual: 200, least: 1, most: 100_000 });
/** What new hashes have by default. */
const COST = 12;
const TOLERANCE = 0.05;

const own = await hashPassword('the right one', COST);
const check = passwordChecker(bcryptDecoy(COST), hashRules({ allowWeakHashes: false }));
const cases = [
  { name: 'wrong password', hash: own, password: 'wrong' },
  { name: 'unknown account', hash: null, password: 'wrong' },
  { name: 'hash of no known form', hash: '{SSHA}c2VjcmV0', password: 'wrong' },
  { name: 'a billion rounds', hash: `pbkdf2:sha256:1000000000$salt$${'0'.repeat(64)}`, password: 'wrong' },
  { name: 'gigabytes of memory', hash: `scrypt:16777216:8:1$salt$${'0'.repeat(128)}`, password: 'wrong' },
  { name: 'more than 72 bytes', hash: own, password: 'x'.repeat(100) },
  { name: 'Werkzeug scrypt', hash: `scrypt:32768:8:1$salt$${'0'.repeat(128)}`, password: 'wrong' },
  { name: 'Django of old', hash: `pbkdf2_sha256$260000$salt$${'A'.repeat(43)}=`, password: 'wrong' },
  { name: 'bcrypt of cost 10', hash: own.replace('$12$', '$10$'), password: 'wrong' },
].map((one) => ({ ...one, durations: [] as number[] }));

for (let round = 0; round < TRIES; round++) {
  const drawn = cases.map((one) => ({ one, at: Math.random() })).toSorted((a, b) => a.at - b.at);
  for (const { hash, password, durations } of drawn.map(({ one }) => one)) {
    const begun = performance.now();
    await check(hash, password);
    durations.push(performance.now() - begun);
  }
}

const medians = cases.map(({ durations }) => median(durations));
const reference = medians[0] ?? Number.NaN;
console.table(
  Object.fromEntries(
    cases.map(({ name }, index) => {
      const milliseconds = medians[index] ?? Number.NaN;
      const apart = `${((milliseconds / reference - 1) * 100).toFixed(1)} %`;
      return [name, { 'median, ms': Number(milliseconds.toFixed(1)), 'from a wrong password': apart }];
    }),
  ),
);
const spread = Math.max(...medians) / Math.min(...medians) - 1;
console.log(`${TRIES} tries each; the medians lie within ${(spread * 100).toFixed(1)} % of each other`);
if (spread > TOLERANCE) process.exitCode = 1;
