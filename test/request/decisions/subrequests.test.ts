import test from 'ava';
import { ADA, BOB, basic, type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { fileScope } from '../../lab/scope.ts';
import { readTold } from '../../support/gateways/decisions.ts';
import { rawClient } from '../../support/http/raw.ts';

const scope = fileScope();
let gateway: TestGateway;
const ASKED = ['X-Forwarded-Method: GET', 'X-Forwarded-For: 203.0.113.7', `Authorization: ${basic(ADA)}`];

test.before(async () => {
  gateway = await testGateway(scope, {
    decisions: { port: 0 },
    routes: [{ name: 'orders', path: '/api/v1/orders', methods: ['GET'] }],
    timeouts: { headers: '2s' },
  });
  // The first check of a password takes its time.
  await ask('GET', []);
});

function client() {
  return rawClient(Number(new URL(gateway.decisionsUrl).port));
}

function text(method: string, fields: readonly string[], version = '1.1'): string {
  return `${[`${method} /forward-auth/@orders HTTP/${version}`, 'Host: gatehouse', ...ASKED, ...fields].join('\r\n')}\r\n\r\n`;
}

/** A subrequest that carries only these fields of its client. */
function subrequest(...fields: readonly string[]): string {
  const lines = ['GET /forward-auth/@orders HTTP/1.1', 'Host: gatehouse', ...ASKED.slice(0, 2), ...fields];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** The first answer on a new connection, whose request may announce a body that never comes. */
async function ask(method: string, fields: readonly string[], version?: string) {
  const asking = await client();
  asking.send(text(method, fields, version));
  const answer = await asking.until(/\r\n\r\n/);
  asking.socket.destroy();
  return readTold(answer);
}

test('no field of the client makes the answer another one than 200, so that no proxy makes 500 of it', async (t) => {
  for (const field of [
    ...['Expect: 100-continue', 'Expect: something', 'Range: bytes=0-1', 'If-None-Match: *', 'If-Match: "x"'],
    ...['If-Modified-Since: Thu, 26 Nov 2026 20:00:00 GMT', 'If-Range: "x"', 'TE: trailers, deflate', 'Trailer: X-A'],
    ...['Upgrade: h2c', 'Upgrade: websocket', 'Accept: text/html', 'Accept-Encoding: br', 'Max-Forwards: 0'],
  ]) {
    const connection = field.startsWith('Upgrade') ? ['Connection: Upgrade'] : [];
    const yes = await ask('GET', [field, ...connection]);
    t.deepEqual([yes.status, yes.of('X-User-Id'), yes.of('Content-Length')], [200, ['1'], ['0']], field);
  }
});

test('a whole WebSocket handshake is answered as a request', async (t) => {
  const handshake = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
  const yes = await ask('GET', [...handshake, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']);
  t.deepEqual([yes.status, yes.of('X-User-Id'), yes.of('Upgrade')], [200, ['1'], []]);
});

test('any method is taken: the original one is in the field', async (t) => {
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']) {
    t.is((await ask(method, method === 'POST' ? ['Content-Length: 0'] : [])).status, 200, method);
  }
});

test('an announced body is not waited for, and the answer then ends the connection', async (t) => {
  for (const fields of [
    ['Content-Length: 52428800'],
    ['Content-Length: 5'],
    ['Transfer-Encoding: chunked'],
    ['Content-Length: 5', 'Expect: 100-continue'],
  ]) {
    const yes = await ask('POST', fields);
    t.deepEqual([yes.status, yes.of('Connection')], [200, ['close']], fields.join());
  }
});

test('a connection is kept, also after a body that came with the head', async (t) => {
  const asking = await client();
  asking.send(`${text('POST', ['Content-Length: 5'])}hello`);
  await asking.until(/no-store[\s\S]*\r\n\r\n$/);
  asking.send(text('GET', []));
  const both = await asking.until(/200 OK[\s\S]*200 OK[\s\S]*\r\n\r\n$/);
  t.notRegex(both, /connection: close/i);
  asking.socket.destroy();
});

test('subrequests that are sent ahead are answered in their order', async (t) => {
  const asking = await client();
  asking.send(text('GET', ['X-Request-Id: first']) + text('GET', ['X-Request-Id: second']));
  const both = await asking.until(/second[\s\S]*\r\n\r\n$/);
  t.true(both.indexOf('first') < both.indexOf('second'));
  asking.socket.destroy();
});

test('of a thousand subrequests on one connection, each gets its own user, whatever bodies stand between them', async (t) => {
  const COUNT = 1_000;
  const users = [basic(ADA), basic(BOB), ''];
  const expected = ['200:1', '403:', '401:'];
  const inside = subrequest(`Authorization: ${users[0]}`, 'X-Request-Id: inside');
  const asking = await client();
  for (let at = 0; at < COUNT; at += 1) {
    const user = users[at % users.length];
    const fields = [`X-Request-Id: n${at}.`, ...(user === '' ? [] : [`Authorization: ${user}`])];
    // A body that reads like a subrequest of somebody else.
    const isLong = at % 7 === 0;
    const length = isLong ? [`Content-Length: ${inside.length}`] : [];
    asking.send(subrequest(...fields, ...length) + (isLong ? inside : ''));
  }
  asking.send(subrequest('X-Request-Id: last', 'Connection: close'));
  const answers = (await asking.ended()).split(/(?=HTTP\/1\.1 )/).map(readTold);
  t.deepEqual(
    answers.slice(0, COUNT).map((one) => `${one.of('X-Request-Id')[0]}${one.status}:${one.of('X-User-Id').join()}`),
    Array.from({ length: COUNT }, (_, at) => `n${at}.${expected[at % expected.length]}`),
  );
  t.is(answers.length, COUNT + 1);
});

test('what follows a subrequest with chunks is judged by its own credentials', async (t) => {
  const asking = await client();
  const inside = subrequest(`Authorization: ${basic(ADA)}`, 'X-Request-Id: inside');
  const chunked = `${inside.length.toString(16)}\r\n${inside}\r\n0\r\nAuthorization: ${basic(ADA)}\r\n\r\n`;
  asking.send(subrequest('Transfer-Encoding: chunked', 'Trailer: Authorization') + chunked);
  asking.send(subrequest(`Authorization: ${basic(ADA)}`) + subrequest('Connection: close'));
  const answers = (await asking.ended()).split(/(?=HTTP\/1\.1 )/).map(readTold);
  t.deepEqual(
    answers.map(({ status, of }) => [status, of('X-User-Id')]),
    [
      [401, []],
      [200, ['1']],
      [401, []],
    ],
  );
});

test('HTTP/1.0, as nginx sends it without a recipe, is answered and closed', async (t) => {
  const asking = await client();
  asking.send(text('GET', ['Connection: close'], '1.0'));
  const yes = readTold(await asking.ended());
  t.deepEqual([yes.status, yes.of('X-User-Id')], [200, ['1']]);
});

test('a head that never ends is refused in time, and bytes that are no request at once', async (t) => {
  const [slow, wrong] = await Promise.all([client(), client()]);
  slow.send('GET /forward-auth/@orders HTTP/1.1\r\nHost: ');
  wrong.send('\x16\x03\x01\r\n\r\n');
  t.regex(await wrong.ended(), /^HTTP\/1.1 (400|501) /);
  t.regex(await slow.ended(), /^HTTP\/1.1 408 /);
});
