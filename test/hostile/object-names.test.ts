import test, { type ExecutionContext } from 'ava';
import { ADA, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream, tcpUpstream } from '../lab/upstreams/upstream.ts';
import { listenOver, overAll, requestText, routeOver, valuesOf } from '../support/gateways/forwarding.ts';
import { groupGateway } from '../support/gateways/group.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { HANDSHAKE, webSocketUpstream } from '../support/http/websocket.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';
import { http2Upstream } from '../support/upstreams/http2-upstream.ts';
import { authorization, bodyOf, message } from './message.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

/** Names that every object of JavaScript has, or that change what it inherits (CVE-2026-21710). */
const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__', 'valueOf'];
/** Twice: where there is a value already, a second one is added to it. */
const LINES = NAMES.flatMap((name) => [`${name}: 1`, `${name}: 2`]);
const CLOSE = 'Connection: close';

function assertClean(t: ExecutionContext): void {
  t.deepEqual(Object.keys(Object.prototype), []);
  t.is(({} as Record<string, unknown>).polluted, undefined);
}

overAll(
  'fields with the names of what every object has pass in both directions, and change nothing',
  async (t, over) => {
    const upstream = await httpUpstream(t, (req, res) => {
      req.resume();
      res.writeHead(200, [...NAMES.flatMap((name) => [name, '1', name, '2']), 'Content-Length', '0']).end();
    });
    const gateway = await testGateway(t, {
      listen: listenOver(over),
      routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url, ...routeOver(over) }],
    });
    for (const line of ['GET /api/v1/o HTTP/1.1', 'GET /api/v1/o?__proto__[polluted]=1&constructor=2 HTTP/1.1']) {
      const answer = await rawExchange(
        gateway.port,
        message([line, 'Host: a', authorization(ADA), CLOSE, ...LINES, 'Cookie: __proto__=1; constructor=2']),
      );
      t.is(statusOf(answer), 200);
      const seen = upstream.seen.at(-1);
      t.deepEqual(seen?.values('x-user-id'), ['1']);
      for (const name of NAMES) {
        t.is(seen?.values(name).join(','), '1,2', name);
        t.is(valuesOf(answer, name).join(','), '1,2', name);
      }
    }
    assertClean(t);
  },
);

test('trailers, handshakes and servers of HTTP/2 with such names change nothing either', async (t) => {
  const trailing = await tcpUpstream(t, (socket) => {
    socket.once('data', () =>
      socket.write(
        `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n${LINES.join('\r\n')}\r\n\r\n`,
      ),
    );
  });
  const webSockets = await webSocketUpstream(t);
  const two = await http2Upstream(t, 'http');
  const gateway = await groupGateway(t, { servers: [two.url], http2: true });
  t.is(statusOf(await rawExchange(gateway.port, requestText('GET /s', [CLOSE, ...LINES]))), 200);
  const others = await testGateway(t, {
    routes: [
      { name: 't', path: '/t', upstream: trailing.url, auth: 'none' },
      { name: 'w', path: '/w', upstream: webSockets.url, auth: 'none' },
    ],
  });
  t.is(statusOf(await rawExchange(others.port, requestText('GET /t', [CLOSE]))), 200);
  const client = await rawClient(others.port);
  client.send(requestText('GET /w', [...HANDSHAKE, ...LINES]));
  t.is(statusOf(await client.until(/\r\n\r\n/)), 101);
  client.socket.destroy();
  t.deepEqual(webSockets.seen[0]?.values('__proto__'), ['1', '2']);
  assertClean(t);
});

test('a JSON body with such keys is refused or read as if they were not there, and changes nothing', async (t) => {
  const gateway = await testGateway(t, {
    routes: [{ name: 'o', path: '/o', upstream: 'http://127.0.0.1:1', auth: 'none' }],
  });
  for (const text of [
    '{"__proto__":{"polluted":1,"expiration":5}}',
    '{"constructor":{"prototype":{"polluted":1}}}',
    '{"name":{"__proto__":1}}',
    '{"name":"ci","__proto__":{"scope":"all"}}',
    '["__proto__"]',
    '"__proto__"',
  ]) {
    const answer = await rawExchange(
      gateway.port,
      message(
        [
          ...['POST /api/v1/tokens/ HTTP/1.1', 'Host: a', authorization(ADA), CLOSE],
          ...['Content-Type: application/json', `Content-Length: ${text.length}`],
        ],
        text,
      ),
    );
    t.true([200, 400].includes(statusOf(answer)), `${text} ${answer}`);
    if (statusOf(answer) === 200) t.is((JSON.parse(bodyOf(answer)) as { expiration: number }).expiration, 3_600, text);
  }
  assertClean(t);
});
