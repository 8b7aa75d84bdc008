import type { Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { testGateway } from '../../lab/gateways/gateway.ts';
import { tcpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import {
  forwardingGateway,
  overAll,
  overOthers,
  PATIENT,
  parts,
  requestText,
  valuesOf,
} from '../../support/gateways/forwarding.ts';
import { rawClient, statusOf } from '../../support/http/raw.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';
import { http2Upstream } from '../../support/upstreams/http2-upstream.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

/** An upstream that answers a head when it is told to, and keeps what it has got. */
async function waiting(t: ExecutionContext) {
  const sockets: Socket[] = [];
  const seen = { text: '' };
  const upstream = await tcpUpstream(t, (socket) => {
    sockets.push(socket);
    socket.on('data', (data: Buffer) => {
      seen.text += data.toString('latin1');
    });
  });
  return {
    ...upstream,
    sockets,
    seen,
    hasHead: () => holds('the upstream has the head', () => seen.text.includes('\r\n\r\n')),
  };
}

/** Whether a body of `FRAMINGS` is all there; pieces that come together may be one chunk. */
function isWhole(body: string): boolean {
  return body === 'hello world' || body.endsWith('\r\n0\r\n\r\n');
}

const FRAMINGS = {
  'a length': { field: 'Content-Length: 11', body: ['hello', ' world'], whole: 'hello world' },
  chunks: {
    field: 'Transfer-Encoding: chunked',
    body: ['5\r\nhello\r\n', '6\r\n world\r\n', '0\r\n\r\n'],
    whole: '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n',
  },
};

for (const [name, { field, body, whole }] of Object.entries(FRAMINGS)) {
  const runOver = name === 'chunks' ? overOthers : overAll;
  for (const method of ['POST', 'PUT', 'DELETE', 'GET']) {
    runOver(
      `${method}, ${name}: the head reaches the upstream before the body, and both do in order`,
      async (t, over) => {
        const upstream = await waiting(t);
        const gateway = await forwardingGateway(t, upstream, {}, over);
        const client = await rawClient(gateway.port);
        client.send(requestText(`${method} /s`, [field]));
        await upstream.hasHead();
        t.is(parts(upstream.seen.text).body, '');
        t.deepEqual(valuesOf(upstream.seen.text, field.split(':')[0] as string), [field.split(': ')[1] as string]);
        for (const piece of body) client.send(piece);
        await holds('the upstream has the body', () => isWhole(parts(upstream.seen.text).body));
        t.is(parts(upstream.seen.text).body.replace('b\r\nhello world\r\n', '5\r\nhello\r\n6\r\n world\r\n'), whole);
        t.is(upstream.seen.text.split(' /s HTTP/1.1').length, 2);
        upstream.sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        t.is(parts(await client.until(/ok$/)).body, 'ok');
        client.socket.destroy();
      },
    );
  }

  for (const status of [401, 413, 417, 200]) {
    for (const closes of [true, false]) {
      runOver(
        `${name}: an upstream that answers the head with ${status}${closes ? ' and closes' : ''} is heard by a client that waits`,
        async (t, over) => {
          const upstream = await waiting(t);
          const gateway = await forwardingGateway(t, upstream, {}, over);
          const client = await rawClient(gateway.port);
          client.send(requestText('POST /s', [field]));
          await upstream.hasHead();
          upstream.sockets[0]?.write(`HTTP/1.1 ${status} Early\r\nContent-Length: 5\r\n\r\nearly`);
          if (closes) upstream.sockets[0]?.end();
          const answer = await client.until(/early$/);
          t.is(parts(answer).lines[0], `HTTP/1.1 ${status} Early`);
          client.socket.end();
          t.is((await gateway.logged(({ route }) => route === 's')).status, status);
        },
      );
    }
  }

  runOver(`${name}: a POST whose head has been sent is not sent again when the connection is lost`, async (t, over) => {
    const upstream = await waiting(t);
    const gateway = await forwardingGateway(t, upstream, {}, over);
    const client = await rawClient(gateway.port);
    client.send(requestText('POST /s', [field]));
    await upstream.hasHead();
    upstream.sockets[0]?.resetAndDestroy();
    t.is(statusOf(await client.until(/\}$/)), 502);
    t.is(upstream.sockets.length, 1);
    client.socket.destroy();
  });

  runOver(`${name}: a PUT whose head has been sent, and nothing of its body, is sent again`, async (t, over) => {
    const upstream = await waiting(t);
    const gateway = await forwardingGateway(t, upstream, {}, over);
    const client = await rawClient(gateway.port);
    client.send(requestText('PUT /s', [field]));
    await upstream.hasHead();
    upstream.seen.text = '';
    upstream.sockets[0]?.resetAndDestroy();
    await upstream.hasHead();
    for (const piece of body) client.send(piece);
    await holds('the upstream has the body', () => isWhole(parts(upstream.seen.text).body));
    upstream.sockets[1]?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    t.is(statusOf(await client.until(/ok$/)), 200);
    client.socket.destroy();
  });
}

overOthers('an upload without any chunk is one for the upstream too', async (t, over) => {
  const upstream = await waiting(t);
  const gateway = await forwardingGateway(t, upstream, {}, over);
  const client = await rawClient(gateway.port);
  client.send(requestText('POST /s', ['Transfer-Encoding: chunked']));
  await upstream.hasHead();
  client.send('0\r\n\r\n');
  await holds('the upstream has the end', () => /\r\n\r\n0\r\n\r\n$/.test(upstream.seen.text));
  upstream.sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  t.is(statusOf(await client.until(/ok$/)), 200);
  client.socket.destroy();
});

overAll('a connection that an upload has used with its head ahead carries further ones', async (t, over) => {
  const upstream = await waiting(t);
  const gateway = await forwardingGateway(t, upstream, {}, over);
  // Chunked bodies are not plain: they take another connection.
  const framings = over === 'direct' ? [FRAMINGS['a length']] : Object.values(FRAMINGS);
  for (const { field, body } of [...framings, ...framings]) {
    upstream.seen.text = '';
    const client = await rawClient(gateway.port);
    client.send(requestText('POST /s', [field, 'Connection: close']));
    await upstream.hasHead();
    for (const piece of body) client.send(piece);
    await holds('the upstream has the body', () => isWhole(parts(upstream.seen.text).body));
    upstream.sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    t.is(statusOf(await client.ended()), 200);
  }
  t.is(upstream.sockets.length, 1);
});

overAll('a client that waits for 100 Continue hears it, and the upstream has the head meanwhile', async (t, over) => {
  const upstream = await waiting(t);
  const gateway = await forwardingGateway(t, upstream, {}, over);
  const client = await rawClient(gateway.port);
  client.send(requestText('POST /s', ['Content-Length: 5', 'Expect: 100-continue']));
  await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
  await upstream.hasHead();
  t.deepEqual(valuesOf(upstream.seen.text, 'expect'), []);
  upstream.sockets[0]?.write('HTTP/1.1 413 Early\r\nContent-Length: 5\r\n\r\nearly');
  t.regex(await client.until(/early$/), /HTTP\/1\.1 413 Early/);
  client.socket.destroy();
});

test('over HTTP/2 too, an early answer is heard by a client that waits', async (t) => {
  const upstream = await http2Upstream(t, 'http', (stream) => {
    stream.respond({ ':status': 413 });
    stream.end('early');
  });
  const gateway = await testGateway(t, {
    upstreams: { two: { servers: [upstream.url], http2: true } },
    routes: [{ name: 's', path: '/s', upstream: 'two', auth: 'none' }],
    timeouts: PATIENT,
  });
  for (const { field } of Object.values(FRAMINGS)) {
    const client = await rawClient(gateway.port);
    client.send(requestText('POST /s', [field]));
    t.is(statusOf(await client.until(/early/)), 413);
    client.socket.destroy();
  }
});
