import test, { type ExecutionContext } from 'ava';
import { testGateway } from '../../lab/gateways/gateway.ts';
import { tcpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { forwardingGateway, overAll, PATIENT, parts, requestText } from '../../support/gateways/forwarding.ts';
import { rawClient, rawExchange, statusOf } from '../../support/http/raw.ts';
import { HANDSHAKE } from '../../support/http/websocket.ts';
import { http2Upstream } from '../../support/upstreams/http2-upstream.ts';
import { ODD } from './odd-octets.ts';

const CLOSE = ['Connection: close'];

/** Requests of every kind that carry the fields. */
const REQUESTS = {
  'without a body': (fields: string[]) => requestText('GET /s', [...fields, ...CLOSE]),
  'with a length': (fields: string[]) => requestText('POST /s', ['Content-Length: 4', ...fields, ...CLOSE], 'some'),
  'with chunks': (fields: string[]) =>
    requestText('POST /s', ['Transfer-Encoding: chunked', ...fields, ...CLOSE], '4\r\nsome\r\n0\r\n\r\n'),
  'that waits with its body': (fields: string[]) => requestText('POST /s', ['Content-Length: 4', ...fields, ...CLOSE]),
  'that waits with its chunks': (fields: string[]) =>
    requestText('POST /s', ['Transfer-Encoding: chunked', ...fields, ...CLOSE]),
};

/** An upstream that keeps what it gets. */
async function reading(t: ExecutionContext) {
  const seen = { text: '' };
  const upstream = await tcpUpstream(t, (socket) => {
    socket.on('data', (data: Buffer) => {
      seen.text += data.toString('latin1');
      if (seen.text.includes('\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
  });
  return { ...upstream, seen };
}

const SENT = [
  ...ODD.map((value, i) => `x-odd-${i}: ${value}`),
  'content-disposition: caf\xe9 \xc3\xa9',
  'cookie: a=\xe9',
];

for (const [name, request] of Object.entries(REQUESTS)) {
  overAll(`the fields of a request ${name} reach the upstream as the same octets`, async (t, over) => {
    const upstream = await reading(t);
    const gateway = await forwardingGateway(t, upstream, {}, over);
    t.is(statusOf(await rawExchange(gateway.port, request(SENT))), 200);
    const lines = parts(upstream.seen.text).lines.map((line) => line.toLowerCase());
    for (const field of SENT) t.true(lines.includes(field.toLowerCase()), field);
  });
}

test('the fields of a WebSocket handshake reach the upstream as the same octets', async (t) => {
  const upstream = await reading(t);
  const gateway = await forwardingGateway(t, upstream);
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /s', [...HANDSHAKE, ...SENT]));
  await holds('the upstream has the handshake', () => upstream.seen.text.includes('\r\n\r\n'));
  const lines = parts(upstream.seen.text).lines.map((line) => line.toLowerCase());
  for (const field of SENT) t.true(lines.includes(field.toLowerCase()), field);
  client.socket.destroy();
});

test('over HTTP/2, the fields of a request reach the upstream as the same octets', async (t) => {
  const upstream = await http2Upstream(t, 'http');
  const gateway = await testGateway(t, {
    upstreams: { two: { servers: [upstream.url], http2: true } },
    routes: [{ name: 's', path: '/s', upstream: 'two', auth: 'none' }],
    timeouts: PATIENT,
  });
  const answer = await rawExchange(gateway.port, requestText('GET /s', [...SENT, ...CLOSE]));
  t.is(statusOf(answer), 200);
  const [seen = {}] = upstream.seen;
  t.deepEqual(
    SENT.map((field) => `${field.split(':')[0]}: ${seen[field.split(':')[0] as string]}`),
    SENT,
  );
});
