import type { Socket } from 'node:net';
import test from 'ava';
import { testGateway } from '../../lab/gateways/gateway.ts';
import { tcpUpstream } from '../../lab/upstreams/upstream.ts';
import {
  forwardingGateway,
  overAll,
  PATIENT,
  parts,
  requestText,
  valuesOf,
} from '../../support/gateways/forwarding.ts';
import { rawClient, rawExchange, statusOf } from '../../support/http/raw.ts';
import { HANDSHAKE } from '../../support/http/websocket.ts';
import {
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  fields as http2Fields,
  http2Peer,
} from '../../support/upstreams/http2-frames.ts';
import { ODD } from './odd-octets.ts';

const CLOSE = ['Connection: close'];

/** The answer to the key of `HANDSHAKE`. */
const ACCEPT = 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

const ODD_FIELDS = [
  ...ODD.map((value, i) => `X-Odd-${i}: ${value}`),
  'Content-Disposition: attachment; filename="caf\xe9 \xc3\xa9.txt"',
  'Set-Cookie: a=\xe9',
  'Set-Cookie: b=\xc3\xa9',
  'Location: /\xe9',
];

const BODY = 'some body';
const FRAMINGS = {
  'a length before the fields': { before: [`Content-Length: ${BODY.length}`], after: [], body: BODY, ends: false },
  'a length behind the fields': { before: [], after: [`Content-Length: ${BODY.length}`], body: BODY, ends: false },
  chunks: { before: ['Transfer-Encoding: chunked'], after: [], body: `9\r\n${BODY}\r\n0\r\n\r\n`, ends: false },
  'the end of the connection': { before: [], after: [], body: BODY, ends: true },
};

const REASONS = ['\xdcber', '\xc3\x9cber', 'caf\xe9 \xc3\xa9'];

/** Writes text of one octet a character. */
function write(socket: Socket, text: string): void {
  socket.write(Buffer.from(text, 'latin1'));
}

/** What of an answer is the upstream's. */
function passedOn(answer: string): string[] {
  return parts(answer).lines.filter(
    (line) => !/^(date|x-request-id|connection|transfer-encoding|keep-alive):/i.test(line),
  );
}

for (const [name, { before, after, body, ends }] of Object.entries(FRAMINGS)) {
  for (const version of ['1.1', '1.0']) {
    overAll(
      `a head that comes with its body or long before it has the same octets: ${name}, HTTP/${version}`,
      async (t, over) => {
        for (const [i, isLate] of [false, true, false].entries()) {
          const head = [`HTTP/1.1 200 ${REASONS[i]}`, ...before, ...ODD_FIELDS, ...after];
          const sockets: Socket[] = [];
          const upstream = await tcpUpstream(t, (socket) => {
            sockets.push(socket);
            socket.once('data', () => {
              write(socket, `${head.join('\r\n')}\r\n\r\n${isLate ? '' : body}`);
              if (!isLate && ends) socket.end();
            });
          });
          const gateway = await forwardingGateway(t, upstream, {}, over);
          const client = await rawClient(gateway.port);
          client.send(requestText('GET /s', CLOSE).replace('HTTP/1.1', `HTTP/${version}`));
          const early = await client.until(/\r\n\r\n/);
          if (isLate) {
            t.is(parts(early).body, '');
            write(sockets[0] as Socket, body);
            if (ends) sockets[0]?.end();
          }
          const answer = await client.ended();
          t.deepEqual(
            passedOn(answer),
            head.filter((line) => !line.startsWith('Transfer-Encoding')),
          );
          t.true(answer.includes(BODY));
        }
      },
    );
  }
}

for (const [line, status, fields] of [
  ['HEAD /s', 200, [`Content-Length: ${BODY.length}`]],
  ['HEAD /s', 200, ['Transfer-Encoding: chunked']],
  ['GET /s', 304, []],
  ['GET /s', 304, ['Content-Length: 9']],
  ['GET /s', 204, []],
  ['GET /s', 200, ['Content-Length: 0']],
  ['GET /s', 413, ['Content-Length: 0']],
] as const) {
  overAll(`the head of an answer without a body has its octets: ${line}, ${status}, ${fields}`, async (t, over) => {
    const head = [`HTTP/1.1 ${status} \xdcber`, ...fields, ...ODD_FIELDS];
    const upstream = await tcpUpstream(t, (socket) => {
      socket.once('data', () => write(socket, `${head.join('\r\n')}\r\n\r\n`));
    });
    const gateway = await forwardingGateway(t, upstream, {}, over);
    const answer = await rawExchange(gateway.port, requestText(line, CLOSE));
    t.deepEqual(
      passedOn(answer),
      head.filter((text) => !text.startsWith('Transfer-Encoding')),
    );
  });
}

overAll('on a route with cors too, a late body changes no octet of the head', async (t, over) => {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', () =>
      write(socket, `HTTP/1.1 200 \xdc\r\nContent-Length: 4\r\n${ODD_FIELDS.join('\r\n')}\r\n\r\n`),
    );
  });
  const gateway = await testGateway(t, {
    routes: [
      {
        ...{ name: 's', path: '/s', upstream: upstream.url, auth: 'none', cors: { origins: ['https://a.example'] } },
        ...(over === 'http-proxy-middleware' && { proxy: {} }),
      },
    ],
    timeouts: PATIENT,
  });
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /s', ['Origin: https://a.example']));
  const answer = await client.until(/\r\n\r\n/);
  for (const field of ODD_FIELDS) t.true(answer.includes(`\r\n${field}\r\n`), field);
  t.deepEqual(valuesOf(answer, 'access-control-allow-origin'), ['https://a.example']);
});

overAll('a reason phrase that arrives octet by octet is put together again', async (t, over) => {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.setNoDelay(true);
    socket.once('data', async () => {
      for (const octet of 'HTTP/1.1 200 Caf\xe9 \xc3\xa9 au lait\r\nContent-Length: 0\r\n\r\n') {
        write(socket, octet);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
  });
  const gateway = await forwardingGateway(t, upstream, {}, over);
  const answer = await rawExchange(gateway.port, requestText('GET /s', CLOSE));
  t.is(parts(answer).lines[0], 'HTTP/1.1 200 Caf\xe9 \xc3\xa9 au lait');
});

overAll('the reason phrase of one answer is not left over for the next of its connection', async (t, over) => {
  let count = 0;
  const upstream = await tcpUpstream(t, (socket) => {
    socket.on('data', () => {
      count += 1;
      write(
        socket,
        count === 1
          ? 'HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 First\r\nContent-Length: 0\r\n\r\n'
          : 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n',
      );
    });
  });
  const gateway = await forwardingGateway(t, upstream, {}, over);
  for (const line of ['HTTP/1.1 200 First', 'HTTP/1.1 200 ']) {
    t.is(parts(await rawExchange(gateway.port, requestText('GET /s', CLOSE))).lines[0], line);
  }
});

for (const status of ['101 Switching Protocols', '403 \xdcber']) {
  test(`the answer to a WebSocket handshake has its octets: ${status.slice(0, 3)}`, async (t) => {
    const fields = [...ODD.map((value, i) => `X-Odd-${i}: ${value}`), 'Content-Disposition: caf\xe9 \xc3\xa9'];
    const upgrade = status.startsWith('101')
      ? ['Connection: Upgrade', 'Upgrade: websocket', ACCEPT]
      : ['Content-Length: 0'];
    const upstream = await tcpUpstream(t, (socket) => {
      socket.once('data', () => write(socket, `HTTP/1.1 ${status}\r\n${[...upgrade, ...fields].join('\r\n')}\r\n\r\n`));
    });
    const gateway = await forwardingGateway(t, upstream);
    const client = await rawClient(gateway.port);
    client.send(requestText('GET /s', HANDSHAKE));
    const answer = await client.until(/\r\n\r\n/);
    t.is(parts(answer).lines[0], `HTTP/1.1 ${status}`);
    const lines = parts(answer).lines.map((line) => line.toLowerCase());
    for (const field of fields) t.true(lines.includes(field.toLowerCase()), field);
    client.socket.destroy();
  });
}

test('over HTTP/2, the fields of an answer have the same octets', async (t) => {
  const odd = ODD.map((value, i) => [`x-odd-${i}`, value] as const);
  const upstream = await http2Peer(t, (stream) => [
    frame(HEADERS, END_HEADERS | END_STREAM, stream, http2Fields([':status', '200'], ...odd)),
  ]);
  const gateway = await testGateway(t, {
    upstreams: { two: { servers: [upstream.url], http2: true } },
    routes: [{ name: 's', path: '/s', upstream: 'two', auth: 'none' }],
    timeouts: PATIENT,
  });
  const answer = await rawExchange(gateway.port, requestText('GET /s', CLOSE));
  t.is(statusOf(answer), 200);
  for (const [name, value] of odd) t.deepEqual(valuesOf(answer, name), [value]);
});
