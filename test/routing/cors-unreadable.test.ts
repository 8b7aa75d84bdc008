import test from 'ava';
import { fieldsOf, message } from '../hostile/message.ts';
import { ADA, basic, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';

const APP = 'https://app.example.com';

test('a page can read the 400 to a target that is unreadable, where the path as sent lies on a route with cors', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    routes: [
      {
        name: 'shared',
        path: '/api/v1/shared',
        upstream: upstream.url,
        cors: { origins: [APP, 'https://*.example.org'] },
      },
      { name: 'plain', path: '/api/v1/plain', upstream: upstream.url },
    ],
  });
  const ask = (line: string, origin: string, ...fields: string[]) =>
    rawExchange(
      gateway.port,
      message([
        `${line} HTTP/1.1`,
        'Host: a',
        `Origin: ${origin}`,
        `Authorization: ${basic(ADA)}`,
        ...fields,
        'Connection: close',
      ]),
    );
  for (const rest of ['100%', 'a%5Cb', 'a%00', 'a\\b', '..', '%2e%2e/x', 'a%2fb', 'x#y', 'A;/../..']) {
    const target = `/api/v1/shared/${rest}`;
    const answer = await ask(`GET ${target}`, APP);
    t.is(statusOf(answer), 400, target);
    t.deepEqual(fieldsOf(answer, 'Access-Control-Allow-Origin'), [APP], target);
    t.deepEqual(fieldsOf(answer, 'Vary'), ['Origin'], target);
    const preflight = await ask(`OPTIONS ${target}`, APP, 'Access-Control-Request-Method: GET');
    t.is(statusOf(preflight), 204, target);
    t.deepEqual(
      fieldsOf(await ask(`GET ${target}`, 'https://evil.example'), 'Access-Control-Allow-Origin'),
      [],
      target,
    );
    const other = await ask(`GET /api/v1/plain/${rest}`, APP);
    t.is(statusOf(other), 400);
    t.deepEqual(fieldsOf(other, 'Access-Control-Allow-Origin'), []);
  }
  const subdomain = await ask('GET /api/v1/shared', 'https://a.b.example.org');
  t.is(statusOf(subdomain), 200);
  t.deepEqual(fieldsOf(subdomain, 'Access-Control-Allow-Origin'), ['https://a.b.example.org']);
  t.deepEqual(fieldsOf(await ask('GET /api/v1/shared', 'https://example.org'), 'Access-Control-Allow-Origin'), []);
  t.is(upstream.seen.length, 2);
});
