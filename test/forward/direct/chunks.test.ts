import test from 'ava';
import { Chunks } from '../../../gateway/forward/direct/chunks.ts';

interface Read {
  readonly body: string;
  readonly trailers: readonly string[];
  readonly isOver: boolean;
  /** Bytes behind the body. */
  readonly rest: string;
}

/** @throws BadAnswer */
function read(pieces: readonly string[]): Read {
  const chunks = new Chunks();
  let body = '';
  let rest = '';
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, 'latin1');
    const end = chunks.read(bytes, 0, bytes.length, (from, to) => {
      body += bytes.toString('latin1', from, to);
    });
    rest += piece.slice(end);
  }
  return { body, trailers: chunks.trailers, isOver: chunks.isOver, rest };
}

const BODIES: Readonly<Record<string, readonly [text: string, body: string, trailers?: readonly string[]]>> = {
  'an empty body': ['0\r\n\r\n', ''],
  'two chunks': ['3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n', 'abcde'],
  'sizes in both cases, with zeros in front': [
    `00A\r\n${'x'.repeat(10)}\r\na\r\n${'y'.repeat(10)}\r\n000\r\n\r\n`,
    'xxxxxxxxxxyyyyyyyyyy',
  ],
  'data like the end': ['7\r\n0\r\n\r\n\xff\0\r\n0\r\n\r\n', '0\r\n\r\n\xff\0'],
  extensions: ['1;a\r\nx\r\n1;a=b;c="d \\" ;\xff"\r\ny\r\n0;z\r\n\r\n', 'xy'],
  trailers: ['1\r\nx\r\n0\r\nA: 1\r\nb:\t2 \r\nA:\r\n\r\n', 'x', ['A', '1', 'b', '2', 'A', '']],
};

for (const [name, [text, body, trailers = []]] of Object.entries(BODIES)) {
  test(`${name}: are read alike as a whole, cut anywhere and byte by byte`, (t) => {
    const expected = { body, trailers, isOver: true, rest: '' };
    t.deepEqual(read([text]), expected);
    t.deepEqual(read([...text]), expected);
    for (let cut = 1; cut < text.length; cut += 1) {
      t.deepEqual(read([text.slice(0, cut), text.slice(cut)]), expected, `${cut}`);
      t.false(read([text.slice(0, cut)]).isOver, `${cut}`);
    }
    t.deepEqual(read([`${text}HTTP`]), { ...expected, rest: 'HTTP' });
  });
}

const FAULTS: Readonly<Record<string, string>> = {
  'no size': '\r\n',
  'a size that is no number': 'g\r\n',
  'a size with a sign': '-1\r\n',
  'a size with a prefix': '0x1\r\nx\r\n',
  'a space in front of a size': ' 1\r\nx\r\n',
  'a space behind a size': '1 \r\nx\r\n',
  'a tab behind a size': '1\t\r\nx\r\n',
  'a size beyond 12 digits': '0000000000001\r\nx\r\n',
  'a line feed behind a size': '1\nx\r\n',
  'a carriage return within a size': '1\r1\r\n',
  'an extension without a name': '1;\r\nx\r\n',
  'a space in front of an extension': '1 ;a\r\nx\r\n',
  'a line feed within an extension': '1;a\nb\r\nx\r\n',
  'a line feed within a quoted extension': '1;a="\n"\r\nx\r\n',
  'a quoted extension without an end': '1;a="b\r\nx\r\n',
  'an extension that is too long': `1;${'a'.repeat(1_100)}\r\nx\r\n`,
  'more data than the size': '1\r\nxy\r\n',
  'a line feed behind data': '1\r\nx\n0\r\n\r\n',
  'a folded trailer': '0\r\nA: 1\r\n 2\r\n\r\n',
  'a trailer without a colon': '0\r\nA\r\n\r\n',
  'a Content-Length in the trailers': '0\r\nContent-Length: 1\r\n\r\n',
  'a Transfer-Encoding in the trailers': '0\r\nA: 1\r\ntransfer-encoding: chunked\r\n\r\n',
  'trailers that are too long': `0\r\n${`A: ${'a'.repeat(1_000)}\r\n`.repeat(17)}`,
};

for (const [name, text] of Object.entries(FAULTS)) {
  test(`${name}: is refused as a whole, cut anywhere and byte by byte`, (t) => {
    const refused = { name: 'BadAnswer' };
    t.throws(() => read([text]), refused);
    t.throws(() => read([...text]), refused);
    for (let cut = 1; cut < text.length; cut += Math.ceil(text.length / 200)) {
      t.throws(() => read([text.slice(0, cut), text.slice(cut)]), refused, `${cut}`);
    }
  });
}
