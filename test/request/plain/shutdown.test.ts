import test, { type ExecutionContext } from 'ava';
import { holds } from '../../lab/waiting/condition.ts';
import { askedUpstream, usedClient } from '../../support/gateways/asked-upstream.ts';
import { closable } from '../../support/gateways/closable.ts';
import { requestText, valuesOf } from '../../support/gateways/forwarding.ts';
import { rawClient, statusOf } from '../../support/http/raw.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const PATIENT = { delay: 0, timeout: 30_000 };

/** A gateway, connections that have each served a request, and the requests that wait for their answers. */
async function place(t: ExecutionContext, timeouts: Record<string, string> = {}) {
  const { upstream, answers } = await askedUpstream(t);
  const gateway = await closable(t, upstream, { timeouts });
  const used = () => usedClient(gateway.port);
  return { gateway, upstream, answers, used };
}

test('at shutdown, connections that wait for a request end at once, and those under way after their answers', async (t) => {
  const { gateway, answers, used } = await place(t);
  const [fresh, idle, active, uploading] = await Promise.all([rawClient(gateway.port), used(), used(), used()]);
  active.send(requestText('GET /s/active'));
  uploading.send(requestText('POST /s/uploading', ['Content-Length: 10'], 'half-'));
  await holds('both are under way', () => answers.length === 2);
  const closed = gateway.close(PATIENT);
  t.is(await idle.rest(), '');
  t.is(await fresh.ended(), '');
  uploading.send('other');
  for (const answer of answers) answer.end('done');
  for (const client of [active, uploading]) {
    const answer = await client.rest();
    t.is(statusOf(answer), 200);
    t.deepEqual(valuesOf(answer, 'connection'), ['close']);
    t.regex(answer, /done$/);
  }
  await closed;
});

test('at shutdown, a client that has just connected may still send its first request', async (t) => {
  const { gateway, answers } = await place(t);
  const [fresh, later] = [await rawClient(gateway.port), await usedClient(gateway.port)];
  const closed = gateway.close(PATIENT);
  await later.rest();
  fresh.send(requestText('GET /s/first'));
  await holds('it is asked', () => answers.length === 1);
  answers[0]?.end('done');
  const answer = await fresh.ended();
  t.deepEqual([statusOf(answer), valuesOf(answer, 'connection')], [200, ['close']]);
  await closed;
});

test('at shutdown, a request whose head has begun to arrive is answered as the last', async (t) => {
  const { gateway, used } = await place(t);
  const clients = [await rawClient(gateway.port), await used()];
  for (const client of clients) client.send('GET /s/now HTTP/1.1\r\nHo');
  // A request of another connection, to know that the beginnings have been read.
  await used();
  const closed = gateway.close(PATIENT);
  await holds('the gateway has begun to close', async () => {
    const { status } = await fetch(`${gateway.opsUrl}/health/ready`);
    return status === 503;
  });
  for (const client of clients) client.send('st: a\r\n\r\n');
  for (const client of clients) {
    const answer = (await client.ended()).slice(client === clients[0] ? 0 : -1_000);
    t.regex(answer, /Connection: close\r\n[\s\S]*now$/);
  }
  await closed;
});

test('at shutdown, a head that never ends keeps the gateway no longer than `timeouts.headers`', async (t) => {
  const { gateway, used } = await place(t, { headers: '500ms' });
  const client = await used();
  client.send('GET /s/now HTTP/1.1\r\nHo');
  await used();
  const started = performance.now();
  await gateway.close(PATIENT);
  t.true(performance.now() - started < 10_000);
  t.is(statusOf(await client.rest()), 408);
});

test('at shutdown, what was sent ahead behind the last answer is not carried out', async (t) => {
  const { gateway, upstream, answers, used } = await place(t);
  const client = await used();
  client.send(requestText('GET /s/active') + requestText('DELETE /s/now'));
  await holds('the first is under way', () => answers.length === 1);
  const closed = gateway.close(PATIENT);
  answers[0]?.end('done');
  t.regex(await client.rest(), /^HTTP\/1\.1 200 [^<]*Connection: close\r\n[\s\S]*done$/);
  await closed;
  t.false(upstream.seen.some(({ method }) => method === 'DELETE'));
});
