import test from 'ava';
import { responseHeaders } from '../../../gateway/forward/headers/response-headers.ts';

test('the answer keeps its fields but for the hop-by-hop ones, and what Connection names', (t) => {
  const raw = ['Server', 's', 'Set-Cookie', 'a', 'set-cookie', 'b', 'Connection', 'close, X-Hop', 'X-Hop', '1'];
  const hops = [
    'Keep-Alive',
    '1',
    'Proxy-Authenticate',
    'x',
    'Trailer',
    'x',
    'Transfer-Encoding',
    'chunked',
    'Upgrade',
    'x',
  ];
  t.deepEqual(
    responseHeaders(
      [...raw, ...hops, 'Content-Length', '5'].map((text) => Buffer.from(text)),
      'r1',
      false,
    ),
    [...['Server', 's', 'Set-Cookie', 'a', 'set-cookie', 'b', 'Content-Length', '5', 'X-Request-Id', 'r1']],
  );
});

test('the answer keeps its own request id and every byte of its values', (t) => {
  const raw = [Buffer.from('x-request-id'), Buffer.from('theirs'), Buffer.from('X-A'), Buffer.from([0xe4, 0xff])];
  t.deepEqual(responseHeaders(raw, 'r1', false), ['x-request-id', 'theirs', 'X-A', '\xe4\xff']);
});

test('no Connection option of the answer removes the framing or the request id', (t) => {
  const raw = [
    'Connection',
    'content-length, content-type, x-request-id',
    'Content-Length',
    '5',
    'Content-Type',
    'a/b',
  ];
  t.deepEqual(responseHeaders(raw, 'r1', false), ['Content-Length', '5', 'Content-Type', 'a/b', 'X-Request-Id', 'r1']);
});

test('where the gateway decides CORS, what the upstream says of it goes, and the answer varies on Origin', (t) => {
  const raw = ['Access-Control-Allow-Origin', '*', 'X-A', '1', 'access-control-max-age', '9', 'Connection', 'vary'];
  t.deepEqual(responseHeaders(raw, 'r1', true), ['X-A', '1', 'X-Request-Id', 'r1', 'Vary', 'Origin']);
});

for (const [sent, merged] of [
  [['Accept'], 'Accept, Origin'],
  [['Accept', 'Cookie'], 'Accept, Cookie, Origin'],
  [['accept , origin'], 'accept , origin'],
  [['Accept', 'ORIGIN'], 'Accept, ORIGIN'],
  [['X-Origin'], 'X-Origin, Origin'],
  [['*'], '*'],
] as const) {
  test(`the upstream's Vary ${sent.join(' and ')} becomes ${merged}`, (t) => {
    const raw = sent.flatMap((value) => ['vary', value]);
    t.deepEqual(responseHeaders(raw, 'r1', true), ['X-Request-Id', 'r1', 'Vary', merged]);
  });
}
