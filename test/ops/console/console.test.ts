import { request } from 'node:http';
import test, { type ExecutionContext } from 'ava';
import { type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { readEvents } from '../../support/console/event-reader.ts';

interface State {
  readonly version: string;
  readonly latest: { readonly routes: readonly { readonly name: string }[] } | null;
  readonly history: readonly { readonly at: number }[];
  readonly failures: readonly { readonly id: string; readonly path: string; readonly worker: number | null }[];
  readonly failuresOfServers: readonly { readonly upstream: string; readonly error: string }[];
}

async function watched(t: ExecutionContext, ops: object = {}): Promise<TestGateway> {
  const upstream = await httpUpstream(t);
  return await testGateway(t, {
    ops: { port: 0, console: true, ...ops },
    routes: [
      { name: 'site', path: '/site', upstream: upstream.url, auth: 'none' },
      { name: 'broken', path: '/broken', upstream: 'http://127.0.0.1:1', auth: 'none' },
    ],
  });
}

async function stateOf({ opsUrl }: { opsUrl: string }): Promise<State> {
  return (await (await fetch(`${opsUrl}/console/state`)).json()) as State;
}

test('a listener gets a snapshot a second of what clients see, below 4 KB, and the state has the failures', async (t) => {
  const gateway = await watched(t);
  await fetch(`${gateway.url}/broken/early`);
  const measured = { longest: 0 };
  const events = await readEvents(t, gateway.opsUrl, measured);
  t.is(events.response.status, 200);
  t.is(events.response.headers.get('content-type'), 'text/event-stream');
  t.is(events.response.headers.get('cache-control'), 'no-store');
  let isOver = false;
  const load = (async () => {
    while (!isOver) {
      await (await fetch(`${gateway.url}/site`)).text();
      await (await fetch(`${gateway.url}/broken/${'x'.repeat(300)}?secret=1`)).text();
      await (await fetch(`${gateway.url}/api/v1/none`)).text();
    }
  })();
  const snapshot = await events.until(
    ({ rates, routes }) => Object.keys(rates).length === 3 && routes.every(({ rate }) => rate > 0),
  );
  await holds('75 failures are remembered', async () => (await stateOf(gateway)).failures.length === 75, 30_000);
  isOver = true;
  await load;
  t.deepEqual(snapshot.routes.map(({ name }) => name).sort(), ['broken', 'none', 'site']);
  t.true((snapshot.failures.upstream ?? 0) > 0 && (snapshot.refusals.absent ?? 0) > 0);
  t.true((snapshot.p99 ?? 0) >= (snapshot.p50 ?? 1) && (snapshot.eventLoop ?? -1) >= 0);
  t.deepEqual([snapshot.status, snapshot.workers, snapshot.stores], ['ready', 1, [{ name: 'database', isUp: true }]]);
  t.true(snapshot.newFailures.length > 0 && snapshot.newFailures.every(({ id }) => id.length > 0));
  t.true(measured.longest > 100 && measured.longest <= 4_096, String(measured.longest));

  const state = await stateOf(gateway);
  t.is(state.failures.length, 75);
  const last = state.failures.at(-1);
  t.is(gateway.log.filter(({ id }) => id === last?.id).length, 1);
  t.false(JSON.stringify(state).includes('secret'));
  t.deepEqual(
    state.failuresOfServers.map(({ upstream, error }) => ({ upstream, error })),
    [{ upstream: 'http://127.0.0.1:1', error: 'bad_gateway' }],
  );
  t.true(state.history.length > 0);
});

test('without a listener nothing is sampled or kept, and the failures are known all the same', async (t) => {
  const gateway = await watched(t);
  await fetch(`${gateway.url}/broken`);
  const { latest, history, failures } = await stateOf(gateway);
  t.deepEqual([latest, history, failures.length], [null, [], 1]);
  const events = await readEvents(t, gateway.opsUrl);
  await events.next();
  t.true((await stateOf(gateway)).history.length > 0);
  const second = await readEvents(t, gateway.opsUrl);
  t.not(await second.next(), null);
  events.stop();
  second.stop();
  await holds('what was sampled is forgotten', async () => (await stateOf(gateway)).history.length === 0);
});

test('the ninth listener is refused until one of the eight has gone', async (t) => {
  const gateway = await watched(t);
  const readers = await Promise.all(Array.from({ length: 8 }, () => readEvents(t, gateway.opsUrl)));
  t.true(readers.every(({ response }) => response.status === 200));
  const refused = await fetch(`${gateway.opsUrl}/console/events`);
  t.is(refused.status, 503);
  const { status } = (await refused.json()) as { status: string };
  t.is(status, 'too_many_listeners');
  readers[0]?.stop();
  await holds('there is room again', async () => {
    const reader = await readEvents(t, gateway.opsUrl);
    reader.stop();
    return reader.response.status === 200;
  });
});

test('streams end in order when the gateway ends, and say before that it shuts down', async (t) => {
  const upstream = await httpUpstream(t);
  const { closable } = await import('../../support/gateways/closable.ts');
  const gateway = await closable(t, upstream, { ops: { port: 0, console: true } });
  const events = await readEvents(t, gateway.opsUrl);
  await events.next();
  const closed = gateway.close({ delay: 2_500, timeout: 5_000 });
  await events.until(({ status }) => status === 'shutting_down');
  for (let snapshot = await events.next(); snapshot !== null; ) snapshot = await events.next();
  await closed;
  t.pass();
});

/** What the ops listener answers to a request with these fields. `fetch` would not send them. */
function answerTo(opsUrl: string, path: string, headers: Record<string, string>, method = 'GET') {
  return new Promise<{ status: number; body: string; fields: NodeJS.Dict<string | string[]> }>((resolve, reject) => {
    request(opsUrl + path, { method, headers }, (res) => {
      let body = '';
      res.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      res.on('end', () => resolve({ status: res.statusCode ?? 0, body, fields: res.headers }));
    })
      .on('error', reject)
      .end();
  });
}

test('a name that is not of the listener is refused (DNS rebinding), as are pages of other sites', async (t) => {
  const { opsUrl } = await watched(t);
  for (const host of [
    '127.0.0.1',
    '127.0.0.1:1234',
    'localhost:8081',
    'LOCALHOST.',
    '10.1.2.3',
    '[::1]:8081',
    '[fd00::7]',
  ]) {
    t.is((await answerTo(opsUrl, '/console/state', { host })).status, 200, host);
  }
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'a@127.0.0.1',
    '1.2.3',
    'xlocalhost',
  ]) {
    for (const path of ['/console/state', '/console', '/console/events', '/console/explain?path=/']) {
      const { status, body } = await answerTo(opsUrl, path, { host });
      t.is(status, 421, `${host} ${path}`);
      t.regex(body, /"foreign_host"/);
    }
  }
  t.is((await answerTo(opsUrl, '/health/live', { host: 'evil.example' })).status, 200);
  for (const site of ['cross-site', 'same-site']) {
    const fields = { host: '127.0.0.1', 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors' };
    t.is((await answerTo(opsUrl, '/console/state', fields)).status, 403, site);
    t.is((await answerTo(opsUrl, '/console/events', fields)).status, 403, site);
  }
  const own = { host: '127.0.0.1', 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' };
  t.is((await answerTo(opsUrl, '/console/state', own)).status, 200);
});

test('the configured host is a name of the listener', async (t) => {
  const { opsUrl } = await watched(t, { host: 'localhost' });
  t.is((await answerTo(opsUrl, '/console/state', { host: 'localhost' })).status, 200);
  t.is((await answerTo(opsUrl, '/console/state', { host: 'ops.internal' })).status, 421);
});

test('a request is explained as gatehouse routes does, by the configuration that is in use', async (t) => {
  const gateway = await watched(t);
  const explain = async (query: string) => {
    const answer = await fetch(`${gateway.opsUrl}/console/explain?${query}`);
    return [answer.status, await answer.json()] as const;
  };
  const [status, { route, who, upstreams }] = (await explain('method=get&path=/site/a')) as [
    number,
    Record<string, unknown>,
  ];
  t.is(status, 200);
  t.is(route, 'site');
  t.is(typeof who, 'string');
  t.regex(String(upstreams), /\/site\/a$/);
  const [, refused] = (await explain('path=/a/../b')) as [number, Record<string, unknown>];
  t.is(refused.status, 400);
  for (const query of ['path=a', '', 'method=G%20T&path=/', 'path=/&host=a/b', `method=${'M'.repeat(33)}&path=/`]) {
    t.is((await explain(query))[0], 400, query);
  }
  await gateway.reload({ routes: [{ name: 'other', path: '/site', upstream: 'http://127.0.0.1:1', auth: 'none' }] });
  t.is(((await explain('path=/site')) as [number, Record<string, unknown>])[1].route, 'other');
});

test('it only reads: other methods are refused; switched off, it says what to set', async (t) => {
  const { opsUrl } = await watched(t);
  for (const path of ['/console', '/console/events', '/console/state']) {
    t.is((await fetch(opsUrl + path, { method: 'POST' })).status, 405, path);
  }
  t.is((await fetch(`${opsUrl}/console/events`, { method: 'HEAD' })).headers.get('content-type'), 'text/event-stream');
  t.is((await fetch(`${opsUrl}/console/nothing`)).status, 404);
  const off = await testGateway(t, {
    routes: [{ name: 'a', path: '/a', upstream: 'http://127.0.0.1:1', auth: 'none' }],
  });
  for (const path of ['/console', '/console/events', '/console/state']) {
    const answer = await fetch(off.opsUrl + path);
    t.is(answer.status, 404);
    t.regex(await answer.text(), /set ops\.console to true/);
  }
});
