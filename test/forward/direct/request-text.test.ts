import test from 'ava';
import { GatewayError } from '../../../gateway/domain/errors.ts';
import { requestText } from '../../../gateway/forward/direct/request-text.ts';

const textOf = (headers: string[], method = 'GET', length = 0) =>
  requestText(method, { target: '/s', headers }, length);

for (const value of ['7\r\nX-Admin: 1', '7\nX-Admin: 1', '7\r', '7\0', '7\u010aX-Admin: 1', '7\u010d\u010a', '7€']) {
  test(`an account id cannot split the request: ${JSON.stringify(value)}`, (t) => {
    const error = t.throws(() => textOf(['host', 'a', 'X-User-Id', value]), { instanceOf: GatewayError });
    t.is(error.status, 500);
    t.regex(error.message, /X-User-Id/);
    t.false(error.message.includes('X-Admin'));
  });
}

test('octets beyond ASCII stay what they are', (t) => {
  t.is(
    textOf(['host', 'a', 'X', 'gr\xfc\xdf']),
    'GET /s HTTP/1.1\r\nhost: a\r\nconnection: keep-alive\r\nX: gr\xfc\xdf\r\n\r\n',
  );
});

test('the length is the one of the body, and is there for methods that expect a body', (t) => {
  const lengths = (method: string, length: number) =>
    textOf(['Content-Length', '99'], method, length).match(/content-length: \d+/gi);
  t.deepEqual(lengths('POST', 5), ['content-length: 5']);
  t.deepEqual(lengths('POST', 0), ['content-length: 0']);
  t.deepEqual(lengths('GET', 5), ['content-length: 5']);
  t.is(lengths('GET', 0), null);
  t.is(lengths('DELETE', 0), null);
});
