import test, { type ExecutionContext } from 'ava';
import { ADA, BOB, basic, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream, type TestUpstream } from '../lab/upstreams/upstream.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { authorization, bodyOf, fieldsOf, message } from './message.ts';

/** An upstream that answers with the body it got. */
async function place(t: ExecutionContext): Promise<{ gateway: TestGateway; upstream: TestUpstream }> {
  const upstream = await httpUpstream(t, (req, res) => req.pipe(res));
  const gateway = await testGateway(t, {
    routes: [
      { name: 'o', path: '/api/v1/o', upstream: upstream.url },
      { name: 'read-only', path: '/api/v1/r', methods: ['GET'], upstream: upstream.url },
    ],
  });
  return { gateway, upstream };
}

function upload(path: string, ...fields: string[]): string {
  return message([`PUT ${path} HTTP/1.1`, 'Host: a', 'Content-Length: 5', 'Expect: 100-continue', ...fields]);
}

test('a request that may not pass hears its refusal and no 100, and the connection closes without its body', async (t) => {
  const { gateway, upstream } = await place(t);
  const token = await gateway.token();
  const refused: [number, string][] = [
    [401, upload('/api/v1/o')],
    [401, upload('/api/v1/o', authorization({ ...ADA, password: 'x' }))],
    [401, upload('/api/v1/o', 'Authorization: Bearer x')],
    [403, upload('/api/v1/o', authorization(BOB))],
    [404, upload('/api/v1/none', authorization(ADA))],
    [405, upload('/api/v1/r', authorization(ADA))],
    [400, upload('/api/v1/../o', authorization(ADA))],
    [401, upload('/api/v1/tokens', `Authorization: Bearer ${token}`).replace('PUT', 'POST')],
  ];
  for (const [status, request] of refused) {
    const answer = await rawExchange(gateway.port, request);
    t.is(statusOf(answer), status);
    t.deepEqual(fieldsOf(answer, 'Connection'), ['close'], answer);
  }
  t.deepEqual(upstream.seen, []);
});

test('a request that may pass hears one 100, and its upload arrives', async (t) => {
  const { gateway, upstream } = await place(t);
  for (const spelling of ['100-continue', '100-Continue']) {
    const client = await rawClient(gateway.port);
    client.send(upload('/api/v1/o', authorization(ADA)).replace('100-continue', spelling));
    t.is(await client.until(/\r\n\r\n/), 'HTTP/1.1 100 Continue\r\n\r\n');
    client.send('hello');
    const answer = (await client.until(/hello/)).replace('HTTP/1.1 100 Continue\r\n\r\n', '');
    t.is(statusOf(answer), 200);
    t.deepEqual(upstream.seen.at(-1)?.values('expect'), []);
    client.socket.destroy();
  }
});

test('the token endpoint says 100 before it reads a body, and only to who may have a token', async (t) => {
  const { gateway } = await place(t);
  const client = await rawClient(gateway.port);
  client.send(upload('/api/v1/tokens', authorization(ADA)).replace('PUT', 'POST').replace('Length: 5', 'Length: 13'));
  t.is(await client.until(/\r\n\r\n/), 'HTTP/1.1 100 Continue\r\n\r\n');
  client.send('{"name":"ci"}');
  t.regex(await client.until(/"token"/), /HTTP\/1\.1 200 OK/);
  client.socket.destroy();
});

test('a client of HTTP/1.0 is sent no 100, which it would take for the answer', async (t) => {
  const { gateway } = await place(t);
  for (const path of ['/api/v1/o', '/api/v1/tokens']) {
    const head = ['Content-Length: 2', 'Expect: 100-continue', `Authorization: ${basic(ADA)}`];
    const answer = await rawExchange(gateway.port, message([`POST ${path} HTTP/1.0`, ...head], '{}'));
    t.is(statusOf(answer), 200, path);
    t.notRegex(answer, / 100 /);
  }
});

test('any other expectation, and any second one, is refused', async (t) => {
  const { gateway, upstream } = await place(t);
  for (const [status, ...fields] of [
    [417, 'Expect: 200-ok'],
    [417, 'Expect: 100-continue, 100-continue'],
    [417, 'Expect:'],
    [400, 'Expect: 100-continue', 'Expect: 100-continue'],
  ] as const) {
    const lines = ['PUT /api/v1/o HTTP/1.1', 'Host: a', 'Content-Length: 5', authorization(ADA), ...fields];
    const answer = await rawExchange(gateway.port, message([...lines, 'Connection: close']));
    t.is(statusOf(answer), status, fields.join('; '));
    t.deepEqual(Object.keys(JSON.parse(bodyOf(answer))), ['error', 'message']);
  }
  t.deepEqual(upstream.seen, []);
});
