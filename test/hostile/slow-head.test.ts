import test from 'ava';
import { ADA, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { rawClient, statusOf } from '../support/http/raw.ts';
import { authorization, bodyOf, fieldsOf, message } from './message.ts';

test('a head that does not arrive in time is answered with 408, at the first request and at a later one', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url }],
    timeouts: { headers: '1s' },
  });
  const slow = await Promise.all(
    ['G', 'GET /api/v1/o HTTP/1.1\r\nHost: a\r\n', `GET /api/v1/o HTTP/1.1\r\n${authorization(ADA)}\r\nX: `].map(
      async (start) => {
        const client = await rawClient(gateway.port);
        client.send(start);
        return client.ended();
      },
    ),
  );
  for (const answer of slow) {
    t.is(statusOf(answer), 408);
    t.is(JSON.parse(bodyOf(answer)).error, 'request_timeout');
    t.deepEqual(fieldsOf(answer, 'Connection'), ['close']);
  }
  t.deepEqual(upstream.seen, []);

  const later = await rawClient(gateway.port);
  later.send(message(['GET /api/v1/o HTTP/1.1', 'Host: a', authorization(ADA)]));
  await later.until(/userId/);
  later.send('GET /api/v1/o HTTP/1.1\r\nHost:');
  t.regex(await later.ended(), /^HTTP\/1\.1 200 [\s\S]+HTTP\/1\.1 408 /);
  t.is(upstream.seen.length, 1);
});
