import test from 'ava';
import { responseHeaders } from '../../gateway/forward/headers.ts';

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
    ),
    [...['Server', 's', 'Set-Cookie', 'a', 'set-cookie', 'b', 'Content-Length', '5', 'X-Request-Id', 'r1']],
  );
});

test('the answer keeps its own request id and every byte of its values', (t) => {
  const raw = [Buffer.from('x-request-id'), Buffer.from('theirs'), Buffer.from('X-A'), Buffer.from([0xe4, 0xff])];
  t.deepEqual(responseHeaders(raw, 'r1'), ['x-request-id', 'theirs', 'X-A', '\xe4\xff']);
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
  t.deepEqual(responseHeaders(raw, 'r1'), ['Content-Length', '5', 'Content-Type', 'a/b', 'X-Request-Id', 'r1']);
});
