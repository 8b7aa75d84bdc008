import test from 'ava';
import { ADA, BOB, basic } from '../lab/gateways/gateway.ts';
import { ask, bearer, type Issued, issue, revoke, untilStatus } from '../lab/gateways/load.ts';
import { failures, type Pair, pairUnderLoad } from '../lab/gateways/pair.ts';
import { fileScope } from '../lab/scope.ts';
import { temporaryDatabase } from '../lab/stores/database.ts';
import { privateRedis } from '../lab/stores/redis-server.ts';
import { holds } from '../lab/waiting/condition.ts';
import { rawClient } from '../support/http/raw.ts';

const REVOCATIONS = 200;
/** Milliseconds after which a revoked token may pass nowhere, and what a busy machine adds. */
const CLOSED = 1_000 + 500;
const AT_ONCE = 1_000;

const scope = fileScope();
let pair: Pair;

test.before(async () => {
  const redis = await privateRedis(scope);
  // Longer than fifty revocations of one account wait for each other on a busy machine.
  const settings = { database: { timeout: '20s' } };
  pair = await pairUnderLoad(scope, { location: await temporaryDatabase(scope, 'mysql'), redis: redis.url, settings });
});

test.serial('what is revoked on one node is refused on the other at once', async (t) => {
  const { a, b, ada, load } = pair;
  const tokens: Issued[] = [];
  for (let i = 0; i < REVOCATIONS; i++) tokens.push(await issue(a, ADA));
  const since = performance.now();
  const revokedAt = new Map<string, number>();
  const delays: number[] = [];
  for (const token of tokens) {
    load.tokens.push(token);
    revokedAt.set(token.id, performance.now());
    t.is((await revoke(a, token.id, bearer(ada))).status, 204);
    const refused = await untilStatus(b, token, 401, CLOSED);
    delays.push(refused.answeredAt - (revokedAt.get(token.id) ?? 0));
  }
  const last = performance.now();
  await holds('the load goes on', () => performance.now() > last + AT_ONCE);
  load.tokens.splice(2);
  delays.sort((x, y) => x - y);
  const p50 = delays[REVOCATIONS / 2] ?? Number.NaN;
  const p99 = delays[Math.floor(REVOCATIONS * 0.99)] ?? Number.NaN;
  t.log(`from sending the DELETE on A to a 401 on B: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
  t.true(p50 < 500);
  const answers = await load.since(since);
  t.true(answers.some(({ status }) => status === 401));
  const accepted = answers.filter(
    ({ id, status, sentAt }) => status !== 401 && sentAt > (revokedAt.get(id) ?? Number.POSITIVE_INFINITY) + CLOSED,
  );
  t.deepEqual(accepted, []);
  t.deepEqual(failures(answers.filter(({ id }) => !revokedAt.has(id))), []);
});

test.serial('the token in use, one of its siblings and all of them are revoked, for one account alone', async (t) => {
  const { a, b, ada, bob } = pair;
  const [current, sibling, used] = [await issue(a, ADA), await issue(b, ADA), await issue(a, ADA)];
  t.deepEqual(await revoke(a, 'current', bearer(current)), { status: 204, retryAfter: null });
  t.is((await ask(a, current)).status, 401);
  t.is((await revoke(b, sibling.id, bearer(used))).status, 204);
  await Promise.all([untilStatus(b, current, 401, AT_ONCE), untilStatus(a, sibling, 401, AT_ONCE)]);
  t.is((await ask(a, used)).status, 200);

  t.is((await revoke(a, bob.id, bearer(used))).status, 404, "someone else's");
  t.is((await ask(b, bob)).status, 200);
  t.is((await revoke(a, '11111111-2222-4333-8444-555555555555', bearer(used))).status, 404, 'unknown');
  t.is((await revoke(a, sibling.id, bearer(used))).status, 204, 'once more');
  t.is((await revoke(a, 'current', basic(ADA))).status, 404, 'no token is in use');
  t.is((await revoke(a, 'current', bearer(current))).status, 401, 'a token that is revoked revokes nothing');

  t.is((await revoke(b, '', bearer(used))).status, 204);
  for (const token of [used, ada]) {
    t.is((await ask(b, token)).status, 401);
    await untilStatus(a, token, 401, AT_ONCE);
  }
  t.is((await ask(a, bob)).status, 200);
  pair.load.tokens.splice(0, 1, bob);
});

test.serial('a token issued right after all were revoked works, on whichever node', async (t) => {
  const { a, b } = pair;
  for (let round = 0; round < 10; round++) {
    const old = await issue(a, ADA);
    t.is((await revoke(a, '', basic(ADA))).status, 204);
    const [here, there] = await Promise.all([issue(a, ADA), issue(b, ADA)]);
    await Promise.all([a, b].map((node) => untilStatus(node, old, 401, AT_ONCE)));
    for (const node of [a, b]) for (const token of [here, there]) t.is((await ask(node, token)).status, 200);
  }
});

test.serial('two nodes that revoke the same token at once both say that it is', async (t) => {
  const { a, b } = pair;
  for (let round = 0; round < 10; round++) {
    const token = await issue(a, ADA);
    const both = await Promise.all([revoke(a, token.id, basic(ADA)), revoke(b, token.id, basic(ADA))]);
    t.deepEqual(
      both.map(({ status }) => status),
      [204, 204],
    );
    await Promise.all([a, b].map((node) => untilStatus(node, token, 401, AT_ONCE)));
  }
});

test.serial('fifty that revoke everything at once, while tokens are issued, hold nobody up', async (t) => {
  const { a, b } = pair;
  const old = await issue(a, ADA);
  const revoking = Array.from({ length: 50 }, (_, i) => revoke(i % 2 === 0 ? a : b, '', basic(i % 4 < 2 ? ADA : BOB)));
  const issuing = Array.from({ length: 20 }, (_, i) => issue(i % 2 === 0 ? a : b, ADA));
  const statuses = (await Promise.all(revoking)).map(({ status }) => status);
  t.deepEqual(
    statuses.filter((status) => status !== 204),
    [],
  );
  await Promise.all(issuing);
  await Promise.all([a, b].map((node) => untilStatus(node, old, 401, AT_ONCE)));
  const next = await issue(b, ADA);
  await Promise.all([a, b].map((node) => untilStatus(node, next, 200, AT_ONCE)));
});

test.serial('a revocation whose client has gone is carried out', async (t) => {
  const { a, b } = pair;
  const token = await issue(a, ADA);
  const path = `/api/v1/tokens/${token.id}`;
  const client = await rawClient(Number(new URL(a.url).port));
  const request = `DELETE ${path} HTTP/1.1\r\nHost: gatehouse\r\nAuthorization: ${basic(ADA)}\r\n\r\n`;
  client.socket.write(request, () => client.socket.destroy());
  await holds('node A has had the request', () => a.log.some((line) => line.path === path));
  await Promise.all([a, b].map((node) => untilStatus(node, token, 401, AT_ONCE)));
  t.pass();
});
