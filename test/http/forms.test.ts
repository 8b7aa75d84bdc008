import test, { type ExecutionContext } from 'ava';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { type SessionPages, sessionPages } from '../support/pages/session-pages.ts';
import { sharedSessions } from '../support/stores/session-stores.ts';

const TYPE = 'application/x-www-form-urlencoded';

test('the fields of a form are read as they were typed', async (t) => {
  const pages = await place(t);
  const forms: [string, [string, string][]][] = [
    ['', []],
    ['&&', []],
    [
      'email=ada%40example.com&password=a+b%2B%26%3D',
      [
        ['email', 'ada@example.com'],
        ['password', 'a b+&='],
      ],
    ],
    [
      'a=b=c&d&e=',
      [
        ['a', 'b=c'],
        ['d', ''],
        ['e', ''],
      ],
    ],
    ['=x', [['', 'x']]],
    ['name=%C3%BC%F0%9F%97%9D%0D%0A%00', [['name', 'ü🗝\r\n\0']]],
    ['name=ü', [['name', 'ü']]],
    [
      '__proto__=x&constructor=y',
      [
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ],
    ],
    [
      'Name=1&name=2',
      [
        ['Name', '1'],
        ['name', '2'],
      ],
    ],
    ['a;b=c', [['a;b', 'c']]],
  ];
  for (const [body, fields] of forms) {
    const answer = await send(pages, body);
    t.is(answer.status, 200, body);
    t.deepEqual(JSON.parse(answer.body), fields, body);
  }
});

test('what a browser makes of a form arrives unchanged', async (t) => {
  const pages = await place(t);
  const fields = new URLSearchParams();
  for (let code = 0; code < 0x250; code++) fields.set(`n${code}`, `${String.fromCodePoint(code)} ${code}`);
  t.deepEqual(JSON.parse((await send(pages, fields.toString())).body), [...fields]);
});

test('a form with two fields of one name, in whatever spelling, is refused', async (t) => {
  const pages = await place(t);
  for (const body of ['a=1&a=2', 'a=1&a=1', 'a&b&a', 'a=1&%61=2', 'a+b=1&a%20b=2', '=1&=2']) {
    t.deepEqual(await send(pages, body), { status: 400, body: 'bad_request', cookies: [] }, body);
  }
});

test('half an escape, and bytes that are no UTF-8, are refused and not replaced', async (t) => {
  const pages = await place(t);
  for (const body of ['a=%', 'a=%4', 'a=%zz', '%=a', 'a=%ff', 'a=%C3', 'a=%C0%80', 'a=%ED%A0%80', 'a=%F5%80%80%80']) {
    t.is((await send(pages, body)).status, 400, body);
  }
  const raw = `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: ${TYPE}\r\nContent-Length: 3\r\nConnection: close\r\n\r\na=\xff`;
  t.is(statusOf(await rawExchange(pages.port, raw)), 400);
});

test('what does not say that it is such a form is refused with 415', async (t) => {
  const pages = await place(t);
  for (const type of [
    TYPE,
    'Application/X-WWW-Form-URLencoded',
    `${TYPE};charset=utf-8`,
    `${TYPE}; charset=UTF-8`,
    `${TYPE} ; charset="utf-8" `,
  ]) {
    t.is((await send(pages, 'a=b', { 'Content-Type': type })).status, 200, type);
  }
  for (const type of [
    'text/plain',
    'application/json',
    'multipart/form-data; boundary=x',
    `${TYPE}x`,
    `x${TYPE}`,
    `${TYPE}; charset=latin1`,
    `${TYPE}; charset=utf-8; charset=latin1`,
    `text/plain; ${TYPE}`,
    '',
  ]) {
    const answer = await send(pages, 'a=b', { 'Content-Type': type });
    t.deepEqual(answer, { status: 415, body: 'unsupported_media_type', cookies: [] }, type);
  }
  t.is((await pages.ask('POST', '/echo', { body: 'a=b' })).status, 415);
  t.is((await send(pages, 'a=b', { 'Content-Encoding': 'gzip' })).status, 415);
});

test('a form of more than 16 KiB is refused with 413, and one of just as much is read', async (t) => {
  const pages = await place(t);
  t.is((await send(pages, 'a='.padEnd(16_384, 'x'))).status, 200);
  t.is((await send(pages, 'a='.padEnd(16_385, 'x'))).status, 413);
});

test('a form that does not arrive in full is given up after 10 seconds with 408', async (t) => {
  const pages = await place(t);
  const client = await rawClient(pages.port);
  client.send(`POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: ${TYPE}\r\nContent-Length: 9\r\n\r\na=`);
  t.regex(await client.until(/\r\n\r\n/), /^HTTP\/1\.1 408 /);
  client.socket.destroy();
});

test('a client that waits for it is told to send its form, and one whose form nobody takes is not', async (t) => {
  const pages = await place(t);
  const head = (type: string) =>
    `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`;
  const client = await rawClient(pages.port);
  client.send(head(TYPE));
  await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  client.send('a=b');
  t.regex(await client.ended(), /HTTP\/1\.1 200 [\s\S]*\[\["a","b"\]\]/);
  client.socket.destroy();
  t.is(statusOf(await rawExchange(pages.port, head('text/plain'))), 415);
});

async function place(t: ExecutionContext): Promise<SessionPages> {
  return await sessionPages(t, { store: await (await sharedSessions(t, 'sqlite')).open() });
}

function send(pages: SessionPages, body: string, headers: Record<string, string> = {}) {
  return pages.ask('POST', '/echo', { headers: { 'Content-Type': TYPE, ...headers }, body });
}
