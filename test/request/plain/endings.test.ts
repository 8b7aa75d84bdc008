import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { askedUpstream, usedClient } from '../../support/gateways/asked-upstream.ts';
import { parts, requestText, valuesOf } from '../../support/gateways/forwarding.ts';
import { rawClient, rawExchange, statusOf } from '../../support/http/raw.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const CLOSE = 'Connection: close';

async function place(t: ExecutionContext, timeouts: Record<string, string> = {}) {
  const { upstream, answers } = await askedUpstream(t);
  const gateway = await testGateway(t, {
    routes: [
      { name: 's', path: '/s', upstream: upstream.url, auth: 'none', maxBody: '100kb' },
      { name: 'o', path: '/api/v1/o', upstream: upstream.url },
    ],
    timeouts,
  });
  return { gateway, upstream, answers };
}

const used = ({ port }: TestGateway) => usedClient(port);

test('a head that never ends is a 408 after `timeouts.headers`, the first of a connection and a later one', async (t) => {
  const { gateway } = await place(t, { headers: '500ms' });
  for (const begun of ['G', 'GET /s', 'GET /s HTTP/1.1\r\nHost: a\r\nX:', 'GET /s HTTP/1.1\r\nHost: a\r\n\r']) {
    const [first, later] = await Promise.all([rawClient(gateway.port), used(gateway)]);
    for (const client of [first, later]) client.send(begun);
    for (const answer of [await first.ended(), await later.rest()]) {
      t.is(statusOf(answer), 408, begun);
      t.deepEqual(valuesOf(answer, 'connection'), ['close']);
      t.is(JSON.parse(parts(answer).body).error, 'request_timeout');
      t.is(answer.match(/HTTP\/1\.1/g)?.length, 1);
    }
  }
  t.is(gateway.log.filter(({ status }) => status === 408).length, 8);
});

test('a head that comes piece by piece gets no more time when its connection is handed over', async (t) => {
  const { gateway } = await place(t, { headers: '3s' });
  const client = await rawClient(gateway.port);
  const begun = performance.now();
  let piece = 0;
  const more = setInterval(() => client.send(piece++ === 0 ? 'GET /s HTTP/1.1\r\nHost: a\r\nX: ' : 'x'), 200);
  t.teardown(() => clearInterval(more));
  t.is(statusOf(await client.ended()), 408);
  t.true(piece > 8, 'the connection was handed over');
  // With all of the time anew after the eighth piece, it would be 4.6 s or more.
  t.true(performance.now() - begun < 4_500);
});

test('a connection on which nothing comes is a 408 too', async (t) => {
  const { gateway } = await place(t, { headers: '500ms' });
  t.is(statusOf(await (await rawClient(gateway.port)).ended()), 408);
});

test('a head that its client cuts is a 400 once, the first of a connection and a later one', async (t) => {
  const { gateway } = await place(t);
  for (const begun of ['G', 'GET /s HTTP/1.1\r\nHost: a\r\nX:']) {
    const [first, later] = await Promise.all([rawClient(gateway.port), used(gateway)]);
    for (const client of [first, later]) {
      client.send(begun);
      client.socket.end();
    }
    for (const answer of [await first.ended(), await later.rest()]) {
      t.is(statusOf(answer), 400, begun);
      t.deepEqual(valuesOf(answer, 'connection'), ['close']);
      t.is(answer.match(/HTTP\/1\.1/g)?.length, 1);
    }
  }
  t.is(gateway.log.filter(({ status }) => status === 400).length, 4);
});

test('a client that ends its half between two requests gets the end, and no answer', async (t) => {
  const { gateway } = await place(t);
  const client = await used(gateway);
  client.socket.end();
  t.is(await client.rest(), '');
  t.is(await client.ending(), 'end');
});

test('a body beyond `maxBody` is a 413 before any of it has come, and reaches nobody', async (t) => {
  const { gateway, upstream } = await place(t);
  const client = await used(gateway);
  client.send(requestText('POST /s', ['Content-Length: 102401']));
  const answer = await client.rest();
  t.is(statusOf(answer), 413);
  t.deepEqual(valuesOf(answer, 'connection'), ['close']);
  t.is(upstream.seen.length, 1);
});

test('after an answer with `Connection: close`, no request is carried out: behind a small body, a large one, or none', async (t) => {
  for (const fields of [[CLOSE], ['Content-Length: 3', CLOSE], ['Content-Length: 70000']]) {
    const { gateway, upstream } = await place(t);
    const length = Number(/\d+/.exec(fields[0] ?? '')?.[0] ?? 0);
    const body = 'x'.repeat(length);
    const smuggled = requestText('DELETE /s/now');
    // 401: the gateway's own answer, without the upstream.
    const line = 'POST /api/v1/o';
    const together = await rawClient(gateway.port);
    together.send(requestText(line, fields, body) + smuggled);
    t.is((await together.ended()).match(/HTTP\/1\.1 /g)?.length, 1);
    const apart = await rawClient(gateway.port);
    apart.send(requestText(line, fields, body.slice(0, length / 2)));
    const answer = await apart.until(/"}\s*$/);
    t.deepEqual(valuesOf(answer, 'connection'), ['close']);
    apart.send(body.slice(length / 2) + smuggled);
    t.is((await apart.ended()).match(/HTTP\/1\.1 /g)?.length, 1);
    t.is(statusOf(await rawExchange(gateway.port, requestText('GET /s/now', [CLOSE]))), 200);
    t.deepEqual(
      upstream.seen.map(({ method }) => method),
      ['GET'],
      fields[0],
    );
    for (const client of [together, apart]) client.socket.destroy();
  }
});

test('a connection that stays idle is kept, and one whose body does not come on is closed', async (t) => {
  const { gateway } = await place(t, { idle: '500ms', headers: '500ms' });
  const idle = await used(gateway);
  const stalled = await used(gateway);
  // The 401 leaves at once; the rest of its body is awaited.
  stalled.send(requestText('POST /api/v1/o', ['Content-Length: 100'], 'some'));
  t.is(statusOf(await stalled.rest()), 401);
  idle.send(requestText('GET /s/now', [CLOSE]));
  t.is(statusOf(await idle.rest()), 200);
});

test('the rest of a body that nobody reads may come slowly: the connection is kept for the next request', async (t) => {
  const { gateway } = await place(t, { idle: '1s' });
  const client = await used(gateway);
  client.send(requestText('POST /api/v1/o', ['Content-Length: 6'], '1'));
  await client.until(/"}$/);
  // Each within `timeouts.idle`, all of them not.
  for (const octet of '23456') {
    await setTimeout(300);
    client.send(octet);
  }
  client.send(requestText('GET /s/now', [CLOSE]));
  t.deepEqual((await client.rest()).match(/(?<=HTTP.1.1 )\d+/g), ['401', '200']);
});

test('a client that never reads its answers is cut off after `timeouts.idle`, though they are short', async (t) => {
  const { gateway } = await place(t, { idle: '1s' });
  const client = await rawClient(gateway.port);
  client.socket.pause();
  const requests = requestText('GET /api/v1/o').repeat(1_000);
  const more = () => {
    while (!client.socket.destroyed && client.socket.write(requests));
  };
  client.socket.on('drain', more);
  more();
  await holds('the gateway has closed the connection', () => client.socket.destroyed, 30_000);
  t.is(await client.ending(), 'ECONNRESET');
});

test('what a client has sent ahead and left unanswered is in the log, at most a hundred of it', async (t) => {
  const { gateway, answers } = await place(t);
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /s/first') + requestText('GET /s/ahead').repeat(150));
  await holds('the first is under way', () => answers.length === 1);
  client.socket.resetAndDestroy();
  await holds('the upstream is let go', () => answers[0]?.destroyed === true);
  t.is((await gateway.logged(({ path }) => path === '/s/first')).status, 499);
  await holds('the others are in the log', () => gateway.log.filter(({ path }) => path === '/s/ahead').length > 0);
  t.is(gateway.log.filter(({ path, status }) => path === '/s/ahead' && status === 499).length, 100);
  const metrics = await (await fetch(`${gateway.opsUrl}/metrics`)).text();
  t.regex(metrics, /gatehouse_requests_in_flight 0\n/);
});

test('the first request sent ahead that is not plain is in the log too, by its line', async (t) => {
  const { gateway, answers } = await place(t);
  const client = await rawClient(gateway.port);
  const chunked = requestText('POST /s/chunked', ['Transfer-Encoding: chunked'], '0\r\n\r\n');
  client.send(`${requestText('GET /s/first')}${requestText('GET /s/ahead')}${chunked}`);
  await holds('the first is under way', () => answers.length === 1);
  client.socket.resetAndDestroy();
  const { method, status, error } = await gateway.logged(({ path }) => path === '/s/chunked');
  t.deepEqual({ method, status, error }, { method: 'POST', status: 499, error: 'client_closed' });
  t.is(gateway.log.filter(({ path }) => path === '/s/ahead').length, 1);
});

test('an answer that comes as its client leaves is not logged as delivered', async (t) => {
  const { gateway, answers } = await place(t);
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /s/left'));
  await holds('the request is under way', () => answers.length === 1);
  // Both arrive in one turn of the event loop: first the end, then the answer.
  client.socket.end(() => answers[0]?.end('answer'));
  t.is(await client.ended(), '');
  t.is((await gateway.logged(({ path }) => path === '/s/left')).error, 'client_closed');
});
