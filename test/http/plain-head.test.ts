import { maxHeaderSize } from 'node:http';
import test from 'ava';
import { type PlainHead, readPlainHead } from '../../gateway/http/plain-head.ts';

const LINE = 'GET /a?b=c HTTP/1.1\r\n';
const HOST = 'Host: a\r\n';

function read(text: string): PlainHead | 'partial' | 'other' {
  return readPlainHead(Buffer.from(text, 'latin1'), 0);
}

interface Read {
  readonly method?: string;
  readonly url?: string;
  readonly fields?: readonly string[];
  readonly length?: number;
  readonly closes?: boolean;
}

const PLAIN: Readonly<Record<string, readonly [text: string, expected: Read]>> = {
  'a request without fields': ['GET / HTTP/1.1\r\n\r\n', { method: 'GET', url: '/', fields: [] }],
  'each octet of a target': [`HEAD /!"#$%&'()*+,-.:;<=>?@[\\]^_\`{|}~ HTTP/1.1\r\n\r\n`, { method: 'HEAD' }],
  'fields in order, with repeated names': [
    `${LINE}${HOST}A: 1\r\nb: 2\r\na: 3\r\n\r\n`,
    { fields: ['Host', 'a', 'A', '1', 'b', '2', 'a', '3'] },
  ],
  'no space behind the colon': [`${LINE}A:1\r\n\r\n`, { fields: ['A', '1'] }],
  'spaces and tabs around a value': [`${LINE}A: \t 1\t2 \t \r\n\r\n`, { fields: ['A', '1\t2'] }],
  'an empty value': [`${LINE}A:\r\nB: \t\r\n\r\n`, { fields: ['A', '', 'B', ''] }],
  'a colon in a value': [`${LINE}A::1: 2\r\n\r\n`, { fields: ['A', ':1: 2'] }],
  'obs-text in a value': [`${LINE}A: \x80\xa0\xff\r\n\r\n`, { fields: ['A', '\x80\xa0\xff'] }],
  'each octet of a name': [`${LINE}!#$%&'*+-.^_\`|~09AZaz: 1\r\n\r\n`, { fields: ["!#$%&'*+-.^_`|~09AZaz", '1'] }],
  'a length': [`POST / HTTP/1.1\r\n${HOST}Content-Length: 12\r\n\r\n`, { length: 12, closes: false }],
  'a length of zero': [`POST / HTTP/1.1\r\n${HOST}content-length: 0\r\n\r\n`, { length: 0 }],
  'Connection: close': [`${LINE}${HOST}Connection: Close\r\n\r\n`, { closes: true }],
  'Connection: keep-alive': [`${LINE}${HOST}connection: keep-alive\r\n\r\n`, { closes: false }],
  'TE: trailers': [`${LINE}${HOST}TE: trailers\r\n\r\n`, { fields: ['Host', 'a', 'TE', 'trailers'] }],
};

for (const [name, [text, expected]] of Object.entries(PLAIN)) {
  test(`${name}: is plain, wherever the bytes are cut`, (t) => {
    const bytes = Buffer.from(text, 'latin1');
    const head = readPlainHead(bytes, 0);
    if (typeof head === 'string') {
      t.fail(head);
      return;
    }
    t.like(head, { ...expected, end: bytes.length });
    for (let cut = 0; cut < bytes.length; cut += 1) t.is(readPlainHead(bytes.subarray(0, cut), 0), 'partial', `${cut}`);
    // What follows, and what is in front, changes nothing.
    t.deepEqual(read(`${text}GET /`), head);
    t.deepEqual(readPlainHead(Buffer.from(`abc${text}`, 'latin1'), 3), { ...head, end: head.end + 3 });
  });
}

const field = (line: string) => `${LINE}${HOST}${line}\r\n\r\n`;

const OTHER: Readonly<Record<string, string>> = {
  'an empty line in front': `\r\n${LINE}\r\n`,
  'another method': 'OPTIONS / HTTP/1.1\r\n\r\n',
  'a method in lower case': 'get / HTTP/1.1\r\n\r\n',
  'no target': 'GET  HTTP/1.1\r\n\r\n',
  'an absolute target': 'GET http://a/ HTTP/1.1\r\n\r\n',
  'an asterisk as the target': 'GET * HTTP/1.1\r\n\r\n',
  'two spaces in the request line': 'GET /  HTTP/1.1\r\n\r\n',
  'a tab in the request line': 'GET /\tHTTP/1.1\r\n\r\n',
  'an octet beyond ASCII in the target': 'GET /\xe9 HTTP/1.1\r\n\r\n',
  'a control in the target': 'GET /\x01 HTTP/1.1\r\n\r\n',
  'HTTP/1.0': 'GET / HTTP/1.0\r\n\r\n',
  'a version with more digits': 'GET / HTTP/1.10\r\n\r\n',
  'a line feed behind the request line': 'GET / HTTP/1.1\nHost: a\r\n\r\n',
  'a line feed behind a field': field('A: 1\nB: 2'),
  'a carriage return within a field': field('A: 1\rB: 2'),
  'a carriage return in front of CRLF': field('A: 1\r'),
  'a folded field': field('A: 1\r\n 2'),
  'a space in front of the first field': `${LINE} A: 1\r\n\r\n`,
  'a space in front of a colon': field('A : 1'),
  'a line without a colon': field('A'),
  'an empty name': field(': 1'),
  'an octet in a name that is no token': field('A\xe9: 1'),
  'a NUL in a value': field('A: \0'),
  'a DEL in a value': field('A: \x7f'),
  'a control in a value': field('A: \x0b'),
  'Transfer-Encoding': field('Transfer-Encoding: chunked'),
  'Transfer-Encoding in other letters': field('transfer-ENCODING: identity'),
  Expect: field('Expect: 100-continue'),
  Upgrade: field('Upgrade: websocket'),
  Trailer: field('Trailer: A'),
  'Proxy-Connection': field('Proxy-Connection: close'),
  'TE with a coding': field('TE: gzip'),
  'another option in Connection': field('Connection: upgrade'),
  'two options in Connection': field('Connection: close, keep-alive'),
  'two Connection fields': field('Connection: close\r\nConnection: close'),
  'two equal lengths': field('Content-Length: 1\r\nContent-Length: 1'),
  'two lengths in one field': field('Content-Length: 1, 1'),
  'an empty length': field('Content-Length:'),
  'a length with a sign': field('Content-Length: +1'),
  'a length with a zero in front': field('Content-Length: 01'),
  'a hexadecimal length': field('Content-Length: 0x1'),
  'a length beyond 15 digits': field('Content-Length: 1000000000000000'),
};

for (const [name, text] of Object.entries(OTHER)) {
  test(`${name}: is for Node's parser, wherever the bytes are cut`, (t) => {
    t.is(read(text), 'other');
    // Once it is for Node's parser, no further byte changes that.
    const first = [...text].findIndex((_, cut) => read(text.slice(0, cut)) === 'other');
    for (let cut = 0; cut < text.length; cut += 1) {
      t.is(read(text.slice(0, cut)), first !== -1 && cut >= first ? 'other' : 'partial', `${cut}`);
    }
  });
}

test('a request that can no longer be plain is noticed before its head is complete', (t) => {
  t.is(read('GET  '), 'other');
  t.is(read('GET a'), 'other');
  t.is(read(`${LINE}Transfer-Encoding: chunked\r\n`), 'other');
  t.is(read(`${LINE}Content-Length: 1\r\nContent-Length: 1\r\nA`), 'other');
  t.is(read(`${LINE}Expect: x\r\n\r`), 'other');
});

test('the longest plain head is one byte shorter than the limit, wherever the bytes are cut', (t) => {
  const headOf = (size: number) => `${LINE}A: ${'a'.repeat(size - LINE.length - 7)}\r\n\r\n`;
  const longest = headOf(maxHeaderSize - 1);
  t.is((read(longest) as PlainHead).end, maxHeaderSize - 1);
  for (const missing of [1, 2, 3, 4, 5]) t.is(read(longest.slice(0, -missing)), 'partial');
  t.is(read(headOf(maxHeaderSize)), 'other');
  t.is(read('x'.repeat(maxHeaderSize)), 'other');
});
