import { maxHeaderSize } from 'node:http';
import test from 'ava';
import { type AnswerHead, readAnswerHead } from '../../../gateway/forward/direct/answer-head.ts';

function read(text: string, method = 'GET'): AnswerHead | null {
  const bytes = Buffer.from(text, 'latin1');
  return readAnswerHead(bytes, 0, bytes.length, method);
}

const OK = 'HTTP/1.1 200 OK\r\n';

const HEADS: Readonly<Record<string, readonly [text: string, expected: Partial<AnswerHead>, method?: string]>> = {
  'an answer without fields': [`${OK}\r\n`, { status: 200, reason: 'OK', fields: [], isPersistent: false }],
  'no reason': ['HTTP/1.1 404 \r\n\r\n', { status: 404, reason: '' }],
  'no reason, and no space': ['HTTP/1.1 404\r\n\r\n', { status: 404, reason: '' }],
  'a reason of any octets but controls': ['HTTP/1.1 200 a b\t\xe9\xff \r\n\r\n', { reason: 'a b\t\xe9\xff ' }],
  'fields in order, with repeated names': [
    `${OK}A: 1\r\nset-cookie:\tb \r\nA:\r\nX: \x80\xff\r\n\r\n`,
    { fields: ['A', '1', 'set-cookie', 'b', 'A', '', 'X', '\x80\xff'] },
  ],
  'a length': [`${OK}Content-Length: 5\r\n\r\n`, { framing: { kind: 'length', length: 5 }, isPersistent: true }],
  'a length with zeros in front': [`${OK}content-length: 005\r\n\r\n`, { framing: { kind: 'length', length: 5 } }],
  chunks: [`${OK}Transfer-Encoding: Chunked\r\n\r\n`, { framing: { kind: 'chunked' }, isPersistent: true }],
  neither: [`${OK}\r\n`, { framing: { kind: 'close' }, isPersistent: false }],
  HEAD: [`${OK}Content-Length: 5\r\n\r\n`, { framing: { kind: 'none' }, isPersistent: true }, 'HEAD'],
  '204': ['HTTP/1.1 204 No Content\r\n\r\n', { framing: { kind: 'none' }, isPersistent: true }],
  '204 with a length of zero': ['HTTP/1.1 204 N\r\nContent-Length: 0\r\n\r\n', { isPersistent: true }],
  '204 with a length': [
    'HTTP/1.1 204 N\r\nContent-Length: 5\r\n\r\n',
    { framing: { kind: 'none' }, isPersistent: false },
  ],
  '304 with a length': [
    'HTTP/1.1 304 N\r\nContent-Length: 5\r\n\r\n',
    { framing: { kind: 'none' }, isPersistent: false },
  ],
  '304 with chunks': ['HTTP/1.1 304 N\r\nTransfer-Encoding: chunked\r\n\r\n', { isPersistent: false }],
  '100': ['HTTP/1.1 100 Continue\r\n\r\n', { status: 100, framing: { kind: 'none' }, isPersistent: true }],
  'Connection: close': [`${OK}Content-Length: 5\r\nConnection: Close\r\n\r\n`, { isPersistent: false }],
  'close among other options': [`${OK}Content-Length: 5\r\nConnection: a , close\t,b\r\n\r\n`, { isPersistent: false }],
  'close in a second field': [
    `${OK}Content-Length: 5\r\nConnection: keep-alive\r\nconnection: close\r\n\r\n`,
    { isPersistent: false },
  ],
  'Proxy-Connection: close': [`${OK}Content-Length: 5\r\nProxy-Connection: close\r\n\r\n`, { isPersistent: false }],
  'an option like close': [`${OK}Content-Length: 5\r\nConnection: closed\r\n\r\n`, { isPersistent: true }],
  'HTTP/1.0': ['HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n', { isPersistent: false }],
};

for (const [name, [text, expected, method]] of Object.entries(HEADS)) {
  test(`${name}: is read, wherever the bytes are cut`, (t) => {
    const head = read(text, method);
    t.like(head, { ...expected, end: text.length });
    for (let cut = 0; cut < text.length; cut += 1) t.is(read(text.slice(0, cut), method), null, `${cut}`);
    t.deepEqual(read(`${text}abc\r\n\r\n`, method), head);
    const behind = Buffer.from(`abc${text}def`, 'latin1');
    t.like(readAnswerHead(behind, 3, behind.length - 3, method ?? 'GET'), { ...expected, end: text.length + 3 });
  });
}

const FAULTS: Readonly<Record<string, string>> = {
  'an empty line in front': `\r\n${OK}\r\n`,
  'another version': 'HTTP/2.0 200 OK\r\n\r\n',
  'a version with more digits': 'HTTP/1.10 200 OK\r\n\r\n',
  'a name in lower case': 'http/1.1 200 OK\r\n\r\n',
  'two spaces in front of the status': 'HTTP/1.1  200 OK\r\n\r\n',
  'a tab in front of the status': 'HTTP/1.1\t200 OK\r\n\r\n',
  'a status of two digits': 'HTTP/1.1 20 OK\r\n\r\n',
  'a status of four digits': 'HTTP/1.1 2000 OK\r\n\r\n',
  'a control in the reason': 'HTTP/1.1 200 a\x01\r\n\r\n',
  'a carriage return in the reason': 'HTTP/1.1 200 a\rb\r\n\r\n',
  'a line feed behind the status line': 'HTTP/1.1 200 OK\nA: 1\r\n\r\n',
  'a line feed behind a field': `${OK}A: 1\nB: 2\r\n\r\n`,
  'a folded field': `${OK}A: 1\r\n 2\r\n\r\n`,
  'a space in front of a colon': `${OK}A : 1\r\n\r\n`,
  'a line without a colon': `${OK}A\r\n\r\n`,
  'a control in a value': `${OK}A: \0\r\n\r\n`,
  'two equal lengths': `${OK}Content-Length: 5\r\nContent-Length: 5\r\n\r\n`,
  'two lengths in one field': `${OK}Content-Length: 5, 5\r\n\r\n`,
  'a length with a sign': `${OK}Content-Length: +5\r\n\r\n`,
  'an empty length': `${OK}Content-Length:\r\n\r\n`,
  'a length beyond 15 digits': `${OK}Content-Length: 1000000000000000\r\n\r\n`,
  'a length beside chunks': `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
  'chunked twice': `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`,
  'another coding': `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`,
  'a tab behind chunked, which Node reads as another coding': `${OK}Transfer-Encoding: chunked\t\r\n\r\n`,
  'chunks in HTTP/1.0': 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  'an interim answer that closes': 'HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n',
  'an interim answer of HTTP/1.0': 'HTTP/1.0 100 Continue\r\n\r\n',
};

for (const [name, text] of Object.entries(FAULTS)) {
  test(`${name}: is refused, and never taken for a head if cut`, (t) => {
    t.throws(() => read(text), { name: 'BadAnswer' });
    let isRefused = false;
    for (let cut = 0; cut < text.length; cut += 1) {
      try {
        t.is(read(text.slice(0, cut)), null, `${cut}`);
        t.false(isRefused, `${cut}: once refused, always refused`);
      } catch {
        isRefused = true;
      }
    }
  });
}

test('the longest head is one byte shorter than the limit, wherever the bytes are cut', (t) => {
  const headOf = (size: number) => `${OK}A: ${'a'.repeat(size - OK.length - 7)}\r\n\r\n`;
  const longest = headOf(maxHeaderSize - 1);
  t.is(read(longest)?.end, maxHeaderSize - 1);
  for (const missing of [1, 2, 3, 4, 5]) t.is(read(longest.slice(0, -missing)), null);
  t.throws(() => read(headOf(maxHeaderSize)), { name: 'BadAnswer' });
  t.throws(() => read(`${OK}A: ${'a'.repeat(maxHeaderSize)}`), { name: 'BadAnswer' });
});
