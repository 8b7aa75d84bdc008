import { queryObjects } from 'node:v8';
import test from 'ava';
import { buildConnector, Client } from 'undici';
import { tcpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { ask, askWrongly, NEVER_OLD, nextTurn, openPool } from '../../support/http/pooled.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';
import { answeringServer, closedPort, holdingServer } from '../../support/upstreams/counting-server.ts';

// One after the other: the clients that there are in this process are counted.

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

/** Clients that are not garbage, and the prototypes. */
const clientCount = () => queryObjects(Client, { format: 'count' });
const NONE = clientCount();

test.serial('an answer with Connection: close leaves nothing of its connection', async (t) => {
  const server = await answeringServer(t, { Connection: 'close' });
  const pool = openPool(t, server.url);
  for (let i = 0; i < 10; i++) t.is(await ask(pool), 200);
  t.is(server.connections, 10);
  await holds('no client is left', () => clientCount() === NONE);
});

test.serial('a server that closes its free connections leaves nothing of them, and gets new ones', async (t) => {
  const server = await holdingServer(t);
  const pool = openPool(t, server.url);
  const answers = ['/1', '/2', '/3', '/4'].map((path) => ask(pool, path));
  await holds('all are under way', () => server.waiting.size === 4);
  for (const path of ['/1', '/2', '/3', '/4']) server.answer(path);
  await Promise.all(answers);
  await nextTurn();
  server.closeAll();
  await holds('no client is left', () => clientCount() === NONE);
  const again = ask(pool, '/again');
  await holds('it is under way', () => server.waiting.has('/again'));
  server.answer('/again');
  t.is(await again, 200);
  t.is(server.connections, 5);
});

test.serial('a server that cuts a request fails that one, and nothing of the connection is left', async (t) => {
  const server = await holdingServer(t);
  const pool = openPool(t, server.url);
  const answer = t.throwsAsync(ask(pool, '/cut'));
  await holds('it is under way', () => server.waiting.has('/cut'));
  server.closeAll();
  t.like(await answer, { code: 'UND_ERR_SOCKET' });
  await holds('no client is left', () => clientCount() === NONE);
});

test.serial('a connection that cannot be made fails its request, and nothing of it is left', async (t) => {
  const { url, port } = await closedPort();
  const pool = openPool(t, url);
  for (let i = 0; i < 3; i++) t.like(await t.throwsAsync(ask(pool)), { code: 'ECONNREFUSED' });
  await holds('no client is left', () => clientCount() === NONE);
  const server = await answeringServer(t, {}, port);
  t.is(await ask(pool), 200);
  t.is(server.connections, 1);
});

test.serial(
  'a request that is dropped while its connection is made ends that, and nothing of it is left',
  async (t) => {
    const server = await answeringServer(t);
    const pool = openPool(t, server.url);
    const dropped = new AbortController();
    const answer = t.throwsAsync(pool.request({ path: '/', method: 'GET', signal: dropped.signal }));
    dropped.abort();
    await answer;
    await holds('the connection was made and is closed', () => server.connections === 1 && server.open === 0);
    await holds('no client is left', () => clientCount() === NONE);
    t.is(await ask(pool), 200);
  },
);

test.serial('what is no request opens no connection, and leaves nothing', async (t) => {
  const server = await answeringServer(t);
  const pool = openPool(t, server.url);
  for (let i = 0; i < 5; i++) await t.throwsAsync(askWrongly(pool), { code: 'UND_ERR_INVALID_ARG' });
  await holds('no client is left', () => clientCount() === NONE);
  t.is(server.connections, 0);
});

test.serial('a pool that is destroyed cuts what is under way, and refuses what comes later', async (t) => {
  const server = await holdingServer(t);
  const pool = openPool(t, server.url);
  const [free, cut] = [ask(pool, '/free'), t.throwsAsync(ask(pool, '/cut'))];
  await holds('both are under way', () => server.waiting.size === 2);
  server.answer('/free');
  await free;
  await pool.destroy();
  t.like(await cut, { code: 'UND_ERR_DESTROYED' });
  for (let i = 0; i < 3; i++) t.like(await t.throwsAsync(ask(pool)), { code: 'UND_ERR_DESTROYED' });
  await holds('the server sees it', () => server.open === 0);
  t.is(server.connections, 2);
});

test.serial('a connection that comes up after the pool was destroyed is closed', async (t) => {
  const seen: string[] = [];
  const { url } = await tcpUpstream(t, (socket) => {
    seen.push('up');
    socket.resume().once('close', () => seen.push('closed'));
  });
  const usual = buildConnector({ timeout: 5_000 });
  const { promise: wasAsked, resolve: onAsked } = Promise.withResolvers<() => void>();
  const pool = openPool(t, url, NEVER_OLD, (options, callback) => onAsked(() => usual(options, callback)));
  const answer = t.throwsAsync(ask(pool));
  const connect = await wasAsked;
  await pool.destroy();
  t.like(await answer, { code: 'UND_ERR_DESTROYED' });
  connect();
  await holds('it is closed', () => seen.length === 2);
  t.deepEqual(seen, ['up', 'closed']);
});
