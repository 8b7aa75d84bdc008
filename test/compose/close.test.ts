import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import test, { type ExecutionContext } from 'ava';
import { httpUpstream, type TestUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { closable } from '../support/gateways/closable.ts';
import { requestText, valuesOf } from '../support/gateways/forwarding.ts';
import { rawClient, statusOf } from '../support/http/raw.ts';
import { webSocketTo, webSocketUpstream } from '../support/http/websocket.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

/** Whether a new client's request reaches the upstream. The port may be another program's by now, which may do anything. */
async function isLetIn({ url }: { url: string }, upstream: TestUpstream): Promise<boolean> {
  await fetch(`${url}/s?new`, { signal: AbortSignal.timeout(2_000) }).catch(() => {});
  return upstream.seen.some((request) => request.url === '/s?new');
}

/** An upstream that answers when the test says so. */
async function waiting(t: ExecutionContext) {
  const answers: ServerResponse[] = [];
  const upstream = await httpUpstream(t, (_req, res) => void answers.push(res));
  return { ...upstream, answers };
}

test('closing answers what is under way, then ends its connection at once, without waiting for the grace to pass', async (t) => {
  const upstream = await waiting(t);
  const gateway = await closable(t, upstream);
  const [idle, before, begun] = await Promise.all([1, 2, 3].map(() => rawClient(gateway.port)));
  if (!idle || !before || !begun) throw new Error('unreachable');
  before.send(requestText('GET /s?before'));
  begun.send(requestText('GET /s?begun'));
  await holds('both are under way', () => upstream.answers.length === 2);
  upstream.answers
    .find(({ req }) => req.url === '/s?begun')
    ?.writeHead(200, { 'Content-Length': 4 })
    .write('be');
  await begun.until(/be$/);

  const closed = gateway.close({ delay: 0, timeout: 30_000 });
  await idle.ended();
  for (const answer of upstream.answers) answer.end(answer.headersSent ? 'un' : 'answered');
  t.regex(await before.ended(), /answered$/);
  t.is(statusOf(await begun.ended()), 200);
  t.regex(begun.received(), /beun$/);
  const started = performance.now();
  await closed;
  t.true(performance.now() - started < 5_000);
});

test('while it closes nobody new is let in, and the ops listener says that it is not ready', async (t) => {
  const upstream = await waiting(t);
  const gateway = await closable(t, upstream);
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /s'));
  await holds('it is under way', () => upstream.answers.length === 1);
  const closed = gateway.close({ delay: 0, timeout: 30_000 });
  t.false(await isLetIn(gateway, upstream));
  t.is((await fetch(`${gateway.opsUrl}/health/ready`)).status, 503);
  t.is((await fetch(`${gateway.opsUrl}/health/live`)).status, 200);
  upstream.answers[0]?.end('answered');
  t.regex(await client.ended(), /answered/);
  await closed;
});

test('what is under way when the time is over is cut', async (t) => {
  const upstream = await waiting(t);
  const gateway = await closable(t, upstream);
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /s'));
  await holds('it is under way', () => upstream.answers.length === 1);
  await gateway.close({ delay: 0, timeout: 200 });
  t.is(await client.ended(), '');
  await holds('the upstream is let go', () => upstream.answers[0]?.destroyed === true);
});

test('WebSockets end with 1001, those of nobody in particular too, and a client that ignores it keeps nothing up', async (t) => {
  const sockets = await webSocketUpstream(t);
  const gateway = await closable(t, sockets);
  const socket = await webSocketTo(t, `${gateway.url}/s`);
  const closed = once(socket, 'close');
  const deaf = await rawClient(gateway.port);
  const handshake = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
  deaf.send(requestText('GET /s', [...handshake, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']));
  await deaf.until(/ 101 /);
  await gateway.close({ delay: 0, timeout: 30_000 });
  t.is((await closed)[0], 1001);
  t.true((await deaf.ended()).endsWith('\x88\x02\x03\xe9'));
  await holds('the upstream is told', () => sockets.sockets.every(({ readyState }) => readyState === 3));
});

test('during the delay requests are answered, each as the last of its connection, and it is not ready', async (t) => {
  const upstream = await httpUpstream(t);
  // Where a busy machine lets the delay pass before all has been asked, a longer one shows it.
  for (const delay of [400, 2_000, 10_000]) {
    const gateway = await closable(t, upstream);
    const client = await rawClient(gateway.port);
    client.send(requestText('GET /s'));
    await client.until(/\{.*\}/);
    const start = performance.now();
    const closed = gateway.close({ delay, timeout: 30_000 });
    const ready = fetch(`${gateway.opsUrl}/health/ready`).then(({ status }) => status);
    const late = await rawClient(gateway.port);
    const astray = await rawClient(gateway.port);
    for (const each of [late, client]) each.send(requestText('GET /s'));
    astray.send(requestText('GET /nowhere'));
    const [ofLate, ofClient, ofAstray] = await Promise.all([late.ended(), client.ended(), astray.ended()]);
    const isShown = (await ready) === 503 && performance.now() - start < delay;
    await closed;
    t.false(await isLetIn(gateway, upstream));
    if (!isShown && delay < 10_000) continue;
    t.is(await ready, 503);
    t.is(statusOf(ofLate), 200);
    t.deepEqual(valuesOf(ofLate, 'connection'), ['close']);
    t.is(statusOf(ofAstray), 404);
    t.deepEqual(valuesOf(ofAstray, 'connection'), ['close']);
    t.is(ofClient.match(/HTTP\/1\.1 200/g)?.length, 2);
    return;
  }
});

test('answers that are under way at the end say that they are the last, and no next request of their clients is lost', async (t) => {
  const upstream = await waiting(t);
  const gateway = await closable(t, upstream);
  const clients = await Promise.all(Array.from({ length: 20 }, () => rawClient(gateway.port)));
  for (const client of clients) client.send(requestText('GET /s'));
  await holds('all are under way', () => upstream.answers.length === 20);
  const closed = gateway.close({ delay: 0, timeout: 30_000 });
  for (const answer of upstream.answers) answer.end('answered');
  for (const client of clients) t.deepEqual(valuesOf(await client.ended(), 'connection'), ['close']);
  await closed;
});

test('a client whose answer had begun before the end could not be told: its next request is answered, as the last', async (t) => {
  const upstream = await waiting(t);
  const gateway = await closable(t, upstream);
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /s'));
  await holds('it is under way', () => upstream.answers.length === 1);
  upstream.answers[0]?.writeHead(200, { 'Content-Length': 4 }).write('be');
  await client.until(/be$/);
  const closed = gateway.close({ delay: 0, timeout: 30_000 });
  upstream.answers[0]?.end('un');
  await client.until(/beun$/);
  client.send(requestText('GET /s'));
  await holds('the next one is under way', () => upstream.answers.length === 2);
  upstream.answers[1]?.end('answered');
  const [, last = ''] = (await client.ended()).split('beun');
  t.is(statusOf(last), 200);
  t.deepEqual(valuesOf(last, 'connection'), ['close']);
  await closed;
});
