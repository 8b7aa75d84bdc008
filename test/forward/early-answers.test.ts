import { connect, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream, tcpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import {
  forwardingGateway,
  overAll,
  overOthers,
  parts,
  requestText,
  valuesOf,
} from '../support/gateways/forwarding.ts';
import { rawClient, statusOf } from '../support/http/raw.ts';
import { uploadThenRead } from '../support/http/uploading.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';

const LARGE = 12 * 1024 * 1024;

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const REFUSAL = 'HTTP/1.1 413 Too Much\r\nContent-Length: 9\r\n\r\ntoo large';

/** Refuses at once; then reads on, or closes, or resets. */
function refusing(t: ExecutionContext, then: 'reads on' | 'closes' | 'resets', sockets: Socket[]) {
  return tcpUpstream(t, (socket) => {
    sockets.push(socket);
    socket.once('data', () => {
      if (then === 'closes') socket.end(REFUSAL);
      else if (then === 'resets') socket.write(REFUSAL, () => socket.resetAndDestroy());
      else socket.write(REFUSAL);
      socket.resume();
    });
  });
}

for (const then of ['reads on', 'closes'] as const) {
  for (const [framing, runOver] of [
    ['length', overAll],
    ['chunked', overOthers],
  ] as const) {
    runOver(
      `a 413 in mid-upload (${framing}) of an upstream that ${then} is read in full by the client`,
      async (t, over) => {
        const sockets: Socket[] = [];
        const gateway = await forwardingGateway(t, await refusing(t, then, sockets), {}, over);
        const answer = await uploadThenRead(gateway.port, '/s', LARGE, framing);
        t.is(parts(answer).lines[0], 'HTTP/1.1 413 Too Much');
        t.is(parts(answer).body, 'too large');
        t.deepEqual(valuesOf(answer, 'connection'), ['close']);
        await holds('the connection to the upstream ends', () => sockets[0]?.destroyed === true);
        t.is(sockets.length, 1);
      },
    );
  }
}

overAll('an upstream that resets after its 413 may lose it, but the client reads a whole answer', async (t, over) => {
  const gateway = await forwardingGateway(t, await refusing(t, 'resets', []), {}, over);
  const answer = await uploadThenRead(gateway.port, '/s', LARGE, 'length');
  t.true([413, 502].includes(statusOf(answer)), answer);
  t.is(parts(answer).body.length, Number(valuesOf(answer, 'content-length')[0]));
});

for (const framing of ['length', 'chunked'] as const) {
  test(`a 401 of the gateway in mid-upload (${framing}) is read in full by the client, and nothing reaches the upstream`, async (t) => {
    const upstream = await httpUpstream(t);
    const gateway = await testGateway(t, { routes: [{ name: 's', path: '/api/v1/s', upstream: upstream.url }] });
    const answer = await uploadThenRead(gateway.port, '/api/v1/s', LARGE, framing);
    t.is(statusOf(answer), 401);
    t.regex(parts(answer).body, /"Invalid credentials"}\s*$/);
    t.deepEqual(valuesOf(answer, 'connection'), ['close']);
    t.is(upstream.seen.length, 0);
  });
}

test('a client that never stops sending after its 401 is cut off', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, { routes: [{ name: 's', path: '/api/v1/s', upstream: upstream.url }] });
  const socket = connect({ host: '127.0.0.1', port: gateway.port, allowHalfOpen: true });
  socket.write(requestText('POST /api/v1/s', ['Transfer-Encoding: chunked']));
  socket.on('error', () => {});
  const sending = setInterval(() => socket.write('1\r\nx\r\n'), 50);
  t.teardown(() => clearInterval(sending));
  await holds('the gateway closes', () => socket.destroyed, 30_000);
  t.pass();
});

overAll(
  'an upstream that refuses connections is told to the uploading client, whose leaving then harms nobody',
  async (t, over) => {
    const upstream = await tcpUpstream(t, () => {});
    const gateway = await forwardingGateway(t, { url: upstream.url.replace(/:\d+$/, ':1') }, {}, over);
    t.is(statusOf(await uploadThenRead(gateway.port, '/s', LARGE, 'length')), 502);

    const leaving = await rawClient(gateway.port);
    leaving.send(requestText('POST /s', [`Content-Length: ${LARGE}`]));
    leaving.send('x'.repeat(1000));
    await leaving.until(/}\s*$/);
    leaving.socket.resetAndDestroy();
    const next = await rawClient(gateway.port);
    next.send(requestText('GET /s', ['Connection: close']));
    t.is(statusOf(await next.ended()), 502);
  },
);

overAll('after a refused upload that was small the connection is kept', async (t, over) => {
  const upstream = await httpUpstream(t, (req, res) => {
    res.writeHead(req.method === 'POST' ? 413 : 200, { 'Content-Length': 4 });
    res.end('done');
  });
  const gateway = await forwardingGateway(t, upstream, {}, over);
  const client = await rawClient(gateway.port);
  client.send(requestText('POST /s', ['Content-Length: 50000']));
  client.send('x'.repeat(20_000));
  t.is(statusOf(await client.until(/done$/)), 413);
  client.send('x'.repeat(30_000));
  client.send(requestText('GET /s', ['Connection: close']));
  const both = await client.ended();
  t.regex(both, /HTTP\/1\.1 200 OK/);
  t.is(await client.ending(), 'end');
});

overAll('full duplex: each piece of an upload is answered before the next is sent', async (t, over) => {
  const upstream = await httpUpstream(t, (req, res) => {
    res.writeHead(200);
    req.pipe(res);
  });
  const gateway = await forwardingGateway(t, upstream, {}, over);
  const client = await rawClient(gateway.port);
  const isChunked = over !== 'direct';
  client.send(
    requestText('POST /s', [isChunked ? 'Transfer-Encoding: chunked' : 'Content-Length: 9', 'Connection: close']),
  );
  for (const piece of ['one', 'two', 'six']) {
    client.send(isChunked ? `3\r\n${piece}\r\n` : piece);
    await client.until(new RegExp(`3\r\n${piece}\r\n`));
  }
  if (isChunked) client.send('0\r\n\r\n');
  t.regex(await client.ended(), /3\r\nsix\r\n0\r\n\r\n$/);
  t.is(await client.ending(), 'end');
});
