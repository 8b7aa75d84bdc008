import test, { type ExecutionContext } from 'ava';
import { ADA, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream, tcpUpstream } from '../lab/upstreams/upstream.ts';
import { listenOver, overAll, requestText, routeOver } from '../support/gateways/forwarding.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { HANDSHAKE } from '../support/http/websocket.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';
import { authorization, message } from './message.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

/** A request that would be executed without any credential, if the upstream got it. */
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\nX-User-Id: 7\r\n\r\n';

/** An upstream that answers each head with this text, and keeps its connections. */
async function answering(t: ExecutionContext, text: string) {
  const connections: string[] = [];
  const upstream = await tcpUpstream(t, (socket) => {
    const place = connections.push('') - 1;
    socket.on('data', (data: Buffer) => {
      connections[place] += data.toString('latin1');
      if (data.includes('\r\n\r\n')) socket.write(text);
    });
  });
  return { ...upstream, connections };
}

const REFUSALS = {
  'a 200': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nno',
  'a 426': 'HTTP/1.1 426 No\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n',
  'a 101 to another protocol': 'HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
  'a 101 with a length':
    'HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nContent-Length: 5\r\n\r\n',
  'a 101 that switches to nothing': 'HTTP/1.1 101 Yes\r\n\r\n',
};

// CVE-2026-73548 (Envoy) and CVE-2026-2833 (Pingora): what follows an upgrade that is not accepted is no request to the upstream.
for (const [what, text] of Object.entries(REFUSALS)) {
  test(`what a client sends behind its handshake never reaches an upstream that answers it with ${what}`, async (t) => {
    const upstream = await answering(t, text);
    const gateway = await testGateway(t, {
      routes: [{ name: 'w', path: '/api/v1/w', upstream: upstream.url }],
    });
    for (const inOnePiece of [true, false]) {
      const handshake = message(['GET /api/v1/w HTTP/1.1', 'Host: a', authorization(ADA), ...HANDSHAKE]);
      const client = await rawClient(gateway.port);
      client.send(inOnePiece ? handshake + SMUGGLED : handshake);
      if (!inOnePiece) client.send(SMUGGLED);
      const answer = await client.ended();
      t.not(statusOf(answer), 101);
      t.is(answer.match(/HTTP\/1\.1 /g)?.length, 1, answer);
    }
    t.is(
      statusOf(
        await rawExchange(
          gateway.port,
          message(['GET /api/v1/w HTTP/1.1', 'Host: a', authorization(ADA), 'Connection: close']),
        ),
      ),
      text.startsWith('HTTP/1.1 101') ? 502 : statusOf(text),
    );
    t.notRegex(upstream.connections.join(''), /smuggled/);
    for (const connection of upstream.connections) t.is(connection.match(/ HTTP\/1\.1\r\n/g)?.length, 1, connection);
  });
}

overAll(
  'an offer of any other protocol is dropped, and what follows is the next request, with its own decision',
  async (t, over) => {
    const upstream = await httpUpstream(t);
    const gateway = await testGateway(t, {
      listen: listenOver(over),
      routes: [
        { name: 's', path: '/s', upstream: upstream.url, auth: 'none', ...routeOver(over) },
        { name: 'o', path: '/api/v1/o', upstream: upstream.url, ...routeOver(over) },
      ],
    });
    for (const [protocol, ...more] of [
      ['h2c', 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA'],
      ['TLS/1.2'],
      ['websocket, h2c'],
      ['h2c, websocket'],
      ['HTTP/2.0'],
      ['connect-udp'],
    ]) {
      const connection = more.length > 0 ? 'Upgrade, HTTP2-Settings' : 'Upgrade';
      const client = await rawClient(gateway.port);
      client.send(
        requestText('GET /s', [`Upgrade: ${protocol}`, `Connection: ${connection}`, ...more]) +
          message(['GET /api/v1/o HTTP/1.1', 'Host: a', 'X-User-Id: 7', 'Connection: close']),
      );
      const [first = '', second = ''] = (await client.ended()).split(/(?<=.)(?=HTTP\/1\.1 )/s);
      t.deepEqual([statusOf(first), statusOf(second)], [200, 401], protocol);
      const seen = upstream.seen.at(-1);
      for (const name of ['upgrade', 'http2-settings', 'x-user-id'])
        t.deepEqual(seen?.values(name), [], `${protocol} ${name}`);
    }
    t.true(upstream.seen.every(({ url }) => url === '/s'));
  },
);
