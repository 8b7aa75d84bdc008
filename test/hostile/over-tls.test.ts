import test, { type ExecutionContext } from 'ava';
import { testGateway } from '../lab/gateways/gateway.ts';
import { tlsBridge } from '../lab/gateways/tls-bridge.ts';
import { httpUpstream, tcpUpstream } from '../lab/upstreams/upstream.ts';
import { listenOver, requestText } from '../support/gateways/forwarding.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { HANDSHAKE, webSocketUpstream } from '../support/http/websocket.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';
import { SERVER } from '../support/stores/certificates.ts';
import { entry, tlsClient } from '../support/tls/tls-visit.ts';

// What differs below the bytes of a connection. All other tests of connections run over TLS with GATEHOUSE_TEST_TLS=1.

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const CLOSE = ['Connection: close'];
const CHUNKED = ['Transfer-Encoding: chunked'];

async function gatewayTo(t: ExecutionContext, upstream: { readonly url: string }, over: 'direct' | 'undici') {
  const { port } = await testGateway(t, {
    listen: { ...listenOver(over), tls: entry(SERVER) },
    routes: [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none' }],
  });
  return { port, bridge: await tlsBridge(t, port) };
}

/** An upstream that answers with the method, the target and the body of each request. */
function echoing(t: ExecutionContext) {
  return httpUpstream(t, async (req, res) => {
    let body = '';
    for await (const chunk of req) body += chunk;
    res.end(`<${req.method} ${req.url} ${body.length < 100 ? body : body.length}>`);
  });
}

for (const over of ['direct', 'undici'] as const) {
  test(`plain requests and others follow each other on one connection, in one piece and byte by byte (${over})`, async (t) => {
    const { bridge } = await gatewayTo(t, await echoing(t), over);
    const sent =
      requestText('GET /s/1') +
      requestText('POST /s/2', ['Content-Length: 3'], 'abc') +
      requestText('POST /s/3', CHUNKED, '3\r\nabc\r\n0\r\n\r\n') +
      requestText('GET /s/4', CLOSE);
    const expected = ['<GET /s/1 >', '<POST /s/2 abc>', '<POST /s/3 abc>', '<GET /s/4 >'];
    t.deepEqual((await rawExchange(bridge, sent)).match(/<[^>]*>/g), expected);
    const slow = await rawClient(bridge);
    slow.socket.setNoDelay();
    for (const octet of sent) {
      slow.send(octet);
      await new Promise((resolve) => setImmediate(resolve));
    }
    t.deepEqual((await slow.ended()).match(/<[^>]*>/g), expected);
  });

  test(`a large upload and a large answer arrive whole (${over})`, async (t) => {
    const upstream = await httpUpstream(t, (req, res) => {
      let length = 0;
      req.on('data', (chunk: Buffer) => {
        length += chunk.length;
      });
      req.on('end', () => res.end('x'.repeat(length)));
    });
    const { bridge } = await gatewayTo(t, upstream, over);
    const length = 3_000_000;
    const answer = await rawExchange(
      bridge,
      requestText('POST /s', [`Content-Length: ${length}`, ...CLOSE], 'y'.repeat(length)),
    );
    t.is(answer.length - answer.indexOf('\r\n\r\n') - 4, length);
  });

  test(`an answer that the upstream cuts short looks cut short: no end of chunks, and for HTTP/1.0 a reset (${over})`, async (t) => {
    const upstream = await tcpUpstream(t, (socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
        setTimeout(() => socket.resetAndDestroy(), 50);
      });
    });
    const { port, bridge } = await gatewayTo(t, upstream, over);
    t.notRegex(await rawExchange(bridge, requestText('GET /s')), /0\r\n\r\n$/);
    const client = tlsClient(port);
    client.write('GET /s HTTP/1.0\r\n\r\n');
    const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
      client
        .resume()
        .once('error', resolve)
        .once('close', () => resolve(null));
    });
    t.is(error?.code, 'ECONNRESET');
  });

  test(`a WebSocket opens, and carries bytes that came with its handshake (${over})`, async (t) => {
    const { bridge } = await gatewayTo(t, await webSocketUpstream(t), over);
    const client = await rawClient(bridge);
    client.send(`${['GET /s HTTP/1.1', 'Host: a', ...HANDSHAKE].join('\r\n')}\r\n\r\n\x81\x82\0\0\0\0hi`);
    t.is(statusOf(await client.until(/hi$/)), 101);
    client.socket.destroy();
  });
}
