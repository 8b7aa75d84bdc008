import test from 'ava';
import { holds } from '../../lab/waiting/condition.ts';
import { ask, askWrongly, nextTurn, openPool } from '../../support/http/pooled.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';
import { answeringServer, holdingServer } from '../../support/upstreams/counting-server.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

test('there are as many connections as requests at a time, and the one that was free last goes first', async (t) => {
  const server = await holdingServer(t);
  const pool = openPool(t, server.url);
  const answers = [ask(pool, '/1'), ask(pool, '/2'), ask(pool, '/3')];
  await holds('all three are under way', () => server.waiting.size === 3);
  const connections = ['/1', '/2', '/3'].map((path) => server.connectionOf(path));
  t.is(new Set(connections).size, 3);
  for (const [place, path] of ['/2', '/3', '/1'].entries()) {
    server.answer(path);
    await answers[Number(path.slice(1)) - 1];
    await nextTurn();
    t.is(server.waiting.size, 2 - place);
  }
  const more: ReturnType<typeof ask>[] = [];
  for (const [path, before] of [
    ['/4', '/1'],
    ['/5', '/3'],
    ['/6', '/2'],
  ] as const) {
    more.push(ask(pool, path));
    await holds(`${path} is under way`, () => server.waiting.has(path));
    t.is(server.connectionOf(path), server.connectionOf(before), `${path} after ${before}`);
  }
  for (const path of ['/4', '/5', '/6']) server.answer(path);
  await Promise.all(more);
  t.is(server.connections, 3);
});

test('requests one after the other share one connection', async (t) => {
  const server = await answeringServer(t);
  const pool = openPool(t, server.url);
  for (let i = 0; i < 20; i++) {
    t.is(await ask(pool), 200);
    await nextTurn();
  }
  t.is(server.connections, 1);
});

test('a free connection that has become too old is closed, and takes no further request', async (t) => {
  const server = await answeringServer(t);
  // The first answer must come within it.
  const age = 1_000;
  const pool = openPool(t, server.url, age);
  await ask(pool);
  const since = performance.now();
  await holds('it is too old', () => performance.now() - since > age);
  t.is(server.open, 1);
  t.is(await ask(pool), 200);
  t.is(server.connections, 2);
  await holds('the old one is closed', () => server.open === 1);
});

test('a connection that becomes too old under a request answers that one, and is closed then', async (t) => {
  const server = await holdingServer(t);
  const age = 150;
  const pool = openPool(t, server.url, age);
  const answer = ask(pool, '/long');
  await holds('it is under way', () => server.waiting.has('/long'));
  const since = performance.now();
  await holds('it is too old', () => performance.now() - since > age);
  server.answer('/long');
  t.is(await answer, 200);
  await holds('it is closed', () => server.open === 0);
});

test('what is no request is refused at once, and its connection goes to the next', async (t) => {
  const server = await answeringServer(t);
  const pool = openPool(t, server.url);
  t.is(await ask(pool), 200);
  await nextTurn();
  for (let i = 0; i < 5; i++) t.like(await t.throwsAsync(askWrongly(pool)), { code: 'UND_ERR_INVALID_ARG' });
  t.is(await ask(pool), 200);
  t.is(server.connections, 1);
});
