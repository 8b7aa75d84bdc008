import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import test, { type ExecutionContext } from 'ava';
import { ADA, basic, testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream, tcpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { requestText } from '../../support/gateways/forwarding.ts';
import { rawClient } from '../../support/http/raw.ts';
import { webSocketTo, webSocketUpstream } from '../../support/http/websocket.ts';
import { countsOf, valuesOf } from '../../support/reports/exposition.ts';
import { REQUESTS, scrape, scrapeAfter } from '../../support/reports/scrape.ts';

const UPSTREAMS = 'gatehouse_upstream_duration_seconds_count';

/** An upstream that answers with the status at the end of the path. */
function answering(t: ExecutionContext) {
  return httpUpstream(t, (req, res) => {
    req.resume();
    res.statusCode = Number(req.url?.match(/\d{3}$/)?.[0] ?? 200);
    res.end();
  });
}

test('requests are counted by route, method and class of status, and each ends in one of them', async (t) => {
  const upstream = await answering(t);
  const gateway = await testGateway(t, {
    routes: [
      { name: 'orders', path: '/api/v1/orders', methods: ['GET', 'POST'], upstream: upstream.url },
      { name: 'site', path: '/site', upstream: upstream.url, auth: 'none' },
      { name: 'gone', path: '/gone', upstream: 'http://127.0.0.1:1', auth: 'none' },
    ],
  });
  const Authorization = basic(ADA);
  const asked: [method: string, path: string, headers?: Record<string, string>][] = [
    ['GET', '/api/v1/orders/200', { Authorization }],
    ['GET', '/api/v1/orders/201', { Authorization }],
    ['HEAD', '/api/v1/orders/200', { Authorization }],
    ['POST', '/api/v1/orders/302', { Authorization }],
    ['GET', '/api/v1/orders/404', { Authorization }],
    ['GET', '/api/v1/orders/500', { Authorization }],
    ['GET', '/api/v1/orders/200'],
    ['PUT', '/api/v1/orders/200', { Authorization }],
    ['GET', '/api/v1/nothing', { Authorization }],
    ['GET', '/nothing'],
    ['PUT', '/site/700'],
    ['PATCH', '/site/204'],
    ['GET', '/gone'],
    ['POST', '/api/v1/tokens/', { Authorization }],
    ['GET', '/api/v1/tokens/'],
  ];
  for (const [method, path, headers = {}] of asked) {
    await (await fetch(gateway.url + path, { method, headers, redirect: 'manual' })).text();
  }
  const scraped = await scrapeAfter(gateway, asked.length);
  t.deepEqual(countsOf(scraped, REQUESTS), {
    'method="GET",route="orders",status="2xx"': 2,
    'method="HEAD",route="orders",status="2xx"': 1,
    'method="POST",route="orders",status="3xx"': 1,
    'method="GET",route="orders",status="4xx"': 2,
    'method="GET",route="orders",status="5xx"': 1,
    'method="PUT",route="none",status="4xx"': 1,
    'method="GET",route="none",status="4xx"': 2,
    'method="PUT",route="site",status="5xx"': 1,
    'method="PATCH",route="site",status="2xx"': 1,
    'method="GET",route="gone",status="5xx"': 1,
    'method="POST",route="tokens",status="2xx"': 1,
    'method="GET",route="tokens",status="4xx"': 1,
  });
  t.deepEqual(countsOf(scraped, 'gatehouse_request_failures_total'), {
    'fault="client",route="orders"': 1,
    'fault="client",route="none"': 3,
    'fault="client",route="tokens"': 1,
    'fault="upstream",route="gone"': 1,
    // An answer of status 700 is none.
    'fault="upstream",route="site"': 1,
  });
  t.deepEqual(countsOf(scraped, UPSTREAMS), {
    [`group="${upstream.url}",outcome="answered"`]: 7,
    [`group="${upstream.url}",outcome="failed"`]: 1,
    'group="http://127.0.0.1:1",outcome="failed"': 1,
  });
});

test('requests in flight and open WebSockets are told, and a handshake is measured when it is answered', async (t) => {
  const waiting: ServerResponse[] = [];
  const upstream = await httpUpstream(t, (_req, res) => void waiting.push(res));
  const sockets = await webSocketUpstream(t);
  const gateway = await testGateway(t, {
    routes: [
      { name: 'slow', path: '/slow', upstream: upstream.url, auth: 'none' },
      { name: 'live', path: '/live', upstream: sockets.url, auth: 'none' },
      { name: 'gone', path: '/gone', upstream: 'http://127.0.0.1:1', auth: 'none' },
    ],
  });
  const answer = fetch(`${gateway.url}/slow`);
  await holds('it is under way', () => waiting.length === 1);
  const socket = await webSocketTo(t, `${gateway.url}/live`);
  await t.throwsAsync(webSocketTo(t, `${gateway.url}/gone`), { message: /502/ });

  const during = await scrapeAfter(gateway, 2);
  t.deepEqual(valuesOf(during, 'gatehouse_requests_in_flight'), { '': 1 });
  t.deepEqual(valuesOf(during, 'gatehouse_websockets_open'), { '': 1 });
  const handshakes = {
    'method="GET",route="live",status="1xx"': 1,
    'method="GET",route="gone",status="5xx"': 1,
  };
  t.deepEqual(countsOf(during, REQUESTS), handshakes);
  t.is(valuesOf(during, UPSTREAMS)[`group="${sockets.url}",outcome="answered"`], 1);
  t.is(valuesOf(during, UPSTREAMS)['group="http://127.0.0.1:1",outcome="failed"'], 1);

  waiting[0]?.end();
  t.is((await answer).status, 200);
  const closed = once(socket, 'close');
  socket.close();
  await closed;
  const after = await scrapeAfter(gateway, 3);
  t.deepEqual(valuesOf(after, 'gatehouse_requests_in_flight'), { '': 0 });
  await holds('it is closed', async () => valuesOf(await scrape(gateway), 'gatehouse_websockets_open')[''] === 0);
  t.deepEqual(countsOf(after, REQUESTS), { ...handshakes, 'method="GET",route="slow",status="2xx"': 1 });
});

test('attempts at upstreams are counted by what they came to, and ejections by server', async (t) => {
  let asked = 0;
  const silent = await tcpUpstream(t, (socket) => {
    socket.on('data', () => {
      asked += 1;
    });
  });
  const gateway = await testGateway(t, {
    timeouts: { firstByte: '100ms' },
    upstreams: {
      'a-group': {
        servers: ['http://127.0.0.1:1', 'http://127.0.0.1:2'],
        eject: { failures: 1 },
        retries: { budget: 100 },
      },
    },
    routes: [
      { name: 'dead', path: '/dead', upstream: 'a-group', auth: 'none' },
      { name: 'silent', path: '/silent', upstream: silent.url, auth: 'none' },
      { name: 'patient', path: '/patient', upstream: silent.url, auth: 'none', timeouts: { firstByte: '1h' } },
    ],
  });
  t.is((await fetch(`${gateway.url}/silent`)).status, 504);
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /patient'));
  await holds('it is under way', () => asked === 2);
  client.socket.destroy();
  t.is((await fetch(`${gateway.url}/dead`)).status, 502);

  const scraped = await scrapeAfter(gateway, 3);
  const group = `group="${silent.url}"`;
  await holds('it is given up', async () => {
    const attempts = countsOf(await scrape(gateway), UPSTREAMS);
    return attempts[`${group},outcome="timed_out"`] === 1 && attempts[`${group},outcome="abandoned"`] === 1;
  });
  t.is(valuesOf(scraped, UPSTREAMS)['group="a-group",outcome="failed"'], 2);
  t.deepEqual(valuesOf(scraped, 'gatehouse_upstream_ejections_total'), {
    'group="a-group",server="http://127.0.0.1:1"': 1,
    'group="a-group",server="http://127.0.0.1:2"': 1,
    [`${group},server="${silent.url}"`]: 0,
  });
  t.deepEqual(valuesOf(scraped, 'gatehouse_upstream_up'), {
    'group="a-group",server="http://127.0.0.1:1"': 0,
    'group="a-group",server="http://127.0.0.1:2"': 0,
    [`${group},server="${silent.url}"`]: 1,
  });
});
