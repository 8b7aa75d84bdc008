import type { Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream, tcpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import {
  listenOver,
  overAll,
  overOthers,
  parts,
  requestText,
  routeOver,
  type Transport,
  valuesOf,
} from '../support/gateways/forwarding.ts';
import { groupGateway } from '../support/gateways/group.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { uploadThenRead } from '../support/http/uploading.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';
import { http2Upstream } from '../support/upstreams/http2-upstream.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const CLOSE = ['Connection: close'];
const LARGE = 12 * 1024 * 1024;

/** A gateway whose route `/s` takes bodies of up to a kilobyte, and `/any` those of any length. */
function limited(t: ExecutionContext, upstream: { readonly url: string }, over: Transport) {
  const common = { upstream: upstream.url, auth: 'none', ...routeOver(over) };
  return testGateway(t, {
    listen: listenOver(over),
    routes: [
      { name: 's', path: '/s', maxBody: '1kb', ...common },
      { name: 'any', path: '/any', ...common },
    ],
  });
}

/** Notes what arrives, and answers nothing. */
async function noting(t: ExecutionContext) {
  const sockets: Socket[] = [];
  let text = '';
  const upstream = await tcpUpstream(t, (socket) => {
    sockets.push(socket);
    socket.setEncoding('latin1').on('data', (data: string) => {
      text += data;
    });
  });
  return { ...upstream, sockets, text: () => text };
}

overAll('a chunked body is a 411 on a route that requires lengths, and reaches nobody', async (t, over) => {
  const upstream = await httpUpstream(t);
  const routes = [
    { name: 's', path: '/s', upstream: upstream.url, auth: 'none', requireLength: true, ...routeOver(over) },
  ];
  const gateway = await testGateway(t, { listen: listenOver(over), routes });
  for (const fields of [[], ['Expect: 100-continue']]) {
    for (const body of ['5\r\nhello\r\n0\r\n\r\n', '0\r\n\r\n']) {
      const chunked = requestText('POST /s', ['Transfer-Encoding: chunked', ...fields, ...CLOSE]) + body;
      const answer = await rawExchange(gateway.port, chunked);
      t.is(statusOf(answer), 411);
      t.is(JSON.parse(parts(answer).body).error, 'length_required');
    }
  }
  t.deepEqual(upstream.seen, []);
  t.is(
    statusOf(await rawExchange(gateway.port, `${requestText('POST /s', ['Content-Length: 5', ...CLOSE])}hello`)),
    200,
  );
  t.is(statusOf(await rawExchange(gateway.port, requestText('GET /s', CLOSE))), 200);
});

overAll('a body that is announced as too long is a 413 before any of it has come, and no 100', async (t, over) => {
  const upstream = await httpUpstream(t);
  const gateway = await limited(t, upstream, over);
  for (const fields of [['Content-Length: 1025'], ['Content-Length: 1025', 'Expect: 100-continue']]) {
    const answer = await rawExchange(gateway.port, requestText('POST /s', [...fields, ...CLOSE]));
    t.is(statusOf(answer), 413);
    t.is(JSON.parse(parts(answer).body).error, 'payload_too_large');
    t.deepEqual(valuesOf(answer, 'connection'), ['close']);
  }
  t.deepEqual(upstream.seen, []);
  const line = await gateway.logged(({ route }) => route === 's');
  t.is(line.fault, 'client');
  t.is(line.detail, 'The request body is longer than 1024 bytes');
});

overOthers(
  'a body that turns out too long is a 413 while it is under way, and the upstream never gets its end',
  async (t, over) => {
    const upstream = await noting(t);
    const gateway = await limited(t, upstream, over);
    const client = await rawClient(gateway.port);
    client.send(requestText('POST /s', ['Transfer-Encoding: chunked'], `400\r\n${'x'.repeat(1024)}\r\n`));
    await holds('the upstream has the allowed part', () => upstream.text().includes('x'.repeat(1024)));
    client.send('1\r\nx\r\n');
    const answer = await client.until(/}\s*$/);
    t.is(statusOf(answer), 413);
    t.deepEqual(valuesOf(answer, 'connection'), ['close']);
    await holds('the upstream is let go', () => upstream.sockets.every(({ destroyed }) => destroyed));
    t.notRegex(upstream.text(), /\r\n0\r\n\r\n/);
    client.socket.destroy();
  },
);

for (const [framing, runOver] of [
  ['length', overAll],
  ['chunked', overOthers],
] as const) {
  runOver(`the 413 is read in full by a client that sends all of its body first (${framing})`, async (t, over) => {
    const gateway = await limited(t, await noting(t), over);
    const answer = await uploadThenRead(gateway.port, '/s', LARGE, framing);
    t.is(statusOf(answer), 413);
    t.is(JSON.parse(parts(answer).body).error, 'payload_too_large');
  });
}

overAll('a body of just the allowed length passes, and any length does where nothing is said', async (t, over) => {
  const upstream = await httpUpstream(t, (req, res) => {
    let bytes = 0;
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    req.on('end', () => res.end(`${bytes} bytes`));
  });
  const gateway = await limited(t, upstream, over);
  const body = 'x'.repeat(1024);
  for (const [fields, content] of [
    [['Content-Length: 1024'], body],
    [['Transfer-Encoding: chunked'], `400\r\n${body}\r\n0\r\n\r\n`],
  ] as const) {
    t.regex(await rawExchange(gateway.port, requestText('POST /s', [...fields, ...CLOSE], content)), /1024 bytes/);
  }
  const long = requestText('POST /any', ['Content-Length: 500000', ...CLOSE], 'x'.repeat(500_000));
  t.regex(await rawExchange(gateway.port, long), /500000 bytes/);
});

test('a body that turns out too long ends its stream of HTTP/2 with an error', async (t) => {
  let isEnded = false;
  let error: unknown;
  const upstream = await http2Upstream(t, 'http', (stream) => {
    stream.resume();
    stream.on('end', () => {
      isEnded = true;
    });
    stream.on('error', (cause) => {
      error = cause;
    });
  });
  const gateway = await groupGateway(t, { servers: [upstream.url], http2: true }, { route: { maxBody: '4b' } });
  const client = await rawClient(gateway.port);
  client.send(requestText('POST /s', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n'));
  await holds('the upstream has it', () => upstream.seen.length === 1);
  client.send('2\r\nde\r\n');
  t.is(statusOf(await client.until(/}\s*$/)), 413);
  await holds('the stream fails', () => error !== undefined);
  t.false(isEnded);
  client.socket.destroy();
});
