import test, { type ExecutionContext } from 'ava';
import { ADA, BOB } from '../lab/gateways/gateway.ts';
import { ask, type Issued, issue, untilStatus } from '../lab/gateways/load.ts';
import { failures, type Pair, pairUnderLoad } from '../lab/gateways/pair.ts';
import { fileScope } from '../lab/scope.ts';
import { temporaryDatabase } from '../lab/stores/database.ts';
import { type PrivateRedis, privateRedis } from '../lab/stores/redis-server.ts';
import { holds } from '../lab/waiting/condition.ts';

/** Milliseconds from the end of a command to its effect on every node. */
const AT_ONCE = 1_000;

const scope = fileScope();
let redis: PrivateRedis;
let pair: Pair;

test.before(async () => {
  redis = await privateRedis(scope);
  const location = await temporaryDatabase(scope, 'mysql');
  // Longer than the tests: what is seen, is not seen because an account was asked for again.
  pair = await pairUnderLoad(scope, { location, redis: redis.url, settings: { accounts: { cache: '1m' } } });
});

test.serial('`token revoke` stops one token on every node, and the rest of the account goes on', async (t) => {
  const [one, other] = [await issue(pair.a, ADA), await issue(pair.a, ADA)];
  await everyNode(t, [one, other], 200);
  t.is(await command('token', 'revoke', one.id), `Revoked token ${one.id}.\n`);
  await everyNode(t, [one], 401);
  await everyNode(t, [other], 200);
  t.is(await command('token', 'revoke', one.id), `Token ${one.id} was revoked already.\n`);
  t.is(await redis.client.exists(`gatehouse:denylist:${one.id}`), 1);
});

test.serial('`token revoke --user` stops all tokens of one account on every node', async (t) => {
  const since = performance.now();
  const [one, other] = [await issue(pair.a, BOB), await issue(pair.b, BOB)];
  pair.load.tokens.splice(0, Number.POSITIVE_INFINITY, pair.ada);
  await everyNode(t, [one, other], 200);
  t.regex(await command('token', 'revoke', '--user', 'BOB@example.com'), /^Revoked all tokens of bob@example\.com/);
  await everyNode(t, [one, other, pair.bob], 401);
  const answers = await pair.load.since(since);
  t.deepEqual(failures(answers.filter(({ id }) => id === pair.ada.id)), []);
});

test.serial('`user unconfirm` makes it 403 at once, and `user confirm` lets no old token in again', async (t) => {
  const old = await issue(pair.a, BOB);
  await everyNode(t, [old], 200);
  // Behind a revocation of all, a token is issued as of the next second; until then it could only be denied by its id.
  await holds('the moment of issue has come', () => Date.now() >= issuedAt(old));
  t.is(await command('user', 'unconfirm', BOB.email), 'bob@example.com (id 2) is now unconfirmed.\n');
  await everyNode(t, [old], 403);
  await t.throwsAsync(issue(pair.b, BOB), { message: /^no token: 403/ });
  t.is(await command('user', 'confirm', BOB.email), 'bob@example.com (id 2) is now confirmed.\n');
  await everyNode(t, [old], 401);
  await everyNode(t, [await issue(pair.b, BOB)], 200);
});

test.serial('`user password` stops the tokens that were issued under the old one', async (t) => {
  const old = await issue(pair.a, BOB);
  await everyNode(t, [old], 200);
  const password = 'another password';
  t.is((await pair.gateways.command(['user', 'password', BOB.email, '--password-stdin'], password)).code, 0);
  await everyNode(t, [old], 401);
  await t.throwsAsync(issue(pair.a, BOB), { message: /^no token: 401/ });
  await everyNode(t, [await issue(pair.a, { ...BOB, password })], 200);
});

test.serial('with Redis out a command says so, and its work arrives from the database', async (t) => {
  const token = await issue(pair.a, ADA);
  await everyNode(t, [token], 200);
  await redis.kill();
  const { code, stderr } = await pair.gateways.command(['token', 'revoke', token.id]);
  t.is(code, 0);
  t.regex(stderr, /^Redis does not answer: .*\n$/);
  await everyNode(t, [token], 401);
  await redis.start();
});

test.serial('`user remove` stops the tokens of the account', async (t) => {
  const token = await issue(pair.a, ADA);
  await everyNode(t, [token], 200);
  t.is(await command('user', 'remove', ADA.email), 'Removed ada@example.com (id 1).\n');
  await everyNode(t, [token, pair.ada], 401);
});

/** @returns milliseconds since 1970 */
function issuedAt({ token }: Issued): number {
  const { iat } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { iat: number };
  return iat * 1000;
}

/** @returns what it printed */
async function command(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await pair.gateways.command(args);
  if (code !== 0 || stderr !== '') throw new Error(`${args.join(' ')}: ${code} ${stderr}`);
  return stdout;
}

/** The tokens are answered with this status, on both nodes in time, and from then on. */
async function everyNode(t: ExecutionContext, tokens: readonly Awaited<ReturnType<typeof issue>>[], status: number) {
  const each = [pair.a, pair.b].flatMap((node) => tokens.map((token) => ({ node, token })));
  await Promise.all(each.map(({ node, token }) => untilStatus(node, token, status, AT_ONCE)));
  const again = await Promise.all(each.map(({ node, token }) => ask(node, token)));
  t.deepEqual(
    again.map((answer) => answer.status),
    each.map(() => status),
  );
}
