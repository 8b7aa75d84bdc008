import type { Random } from '../random.ts';

const TOKEN = "abcdefgXYZ019-_.!#$%&'*+^`|~";
const VALUE = 'abcXYZ 019\t"\\;,=/()<>@{}\x80\xe9\xff';

const NAMES: readonly [string, ...string[]] = [
  'Accept',
  'Cookie',
  'Authorization',
  'X-A',
  'x-b',
  'User-Agent',
  'Via',
  'Keep-Alive',
  'Date',
  'Set-Cookie',
  'Link',
  'Cache-Control',
  'Content-Type',
  'ETag',
  'Content_Length',
  'Transfer_Encoding',
  'Content-Lengths',
];

/** Fields that frame a message or use its connection, and names that look like them. */
const FRAMING: readonly [string, ...string[]] = [
  ...(['Content-Length', 'content-length', 'CONTENT-LENGTH', 'Transfer-Encoding', 'transfer-encoding'] as const),
  ...(['Connection', 'connection', 'Proxy-Connection', 'Upgrade', 'Expect', 'Trailer', 'TE', 'Host', 'host'] as const),
];

const LOOK_ALIKES: readonly [string, ...string[]] = [
  ...(['Content-Length ', ' Content-Length', 'Content-Length\t', 'Content-\tLength', 'Content-Length\0', ''] as const),
  'Content\x80Length',
  'Transfer-Encodin\xe7',
  'Transfer-Encoding\x0b',
  ' Host',
  '\xefHost',
  'Con tent-Length',
  ...(['"Host"', 'Host:', '(x)', 'Connection\x00', '\x7fTE'] as const),
];

const NUMBERS: readonly [string, ...string[]] = [
  '0',
  '00',
  '1',
  '5',
  '05',
  '+5',
  '-5',
  ' 5',
  '5 ',
  '5,5',
  '5, 5',
  '5;',
  '5.0',
  '5e0',
  '0x5',
  '',
  '5 5',
  '999999999999999',
  '9007199254740993',
  '18446744073709551615',
  '18446744073709551616',
  '18446744073709551621',
  '99999999999999999999999999',
  '000000000000000000000005',
  '\xb25',
  '5\0',
  '5\t',
  '4294967301',
  '2147483648',
];

const CODINGS: readonly [string, ...string[]] = [
  'chunked',
  'Chunked',
  'identity',
  'gzip',
  'gzip, chunked',
  'chunked, gzip',
  'chunked, chunked',
  ' chunked',
  'chunked ',
  'xchunked',
  'chunked;q=1',
  'chunke',
  '"chunked"',
  '\x0bchunked',
  '',
  ',chunked',
  'chunked,',
];

const OPTIONS: readonly [string, ...string[]] = [
  'keep-alive',
  'close',
  'Keep-Alive',
  'Close',
  'close, keep-alive',
  'keep-alive,close',
  'upgrade',
  '',
  'x',
  'close ',
  ' close',
  'close,',
  ',close',
  'closed',
  'keep-alive, te',
  'te',
  'CLOSE',
  'cl\tose',
  'content-length',
];

/** A line's end: CRLF, mostly. */
export function lineEnd(random: Random): string {
  return random.mostly(400, '\r\n', '\n', '\r', '\r\r\n', '\n\r', '\r\n\n', '\0\r\n', ' \r\n', '\r \n');
}

/** A field line, with its end. */
export function fieldLine(random: Random, isAnswer: boolean): string {
  const name = fieldName(random);
  const colon = random.mostly(40, ': ', ':', ':\t', ':   ', ' :', '\t:', '', '::', ': \t ');
  const fold = random.once(250) ? random.of(['\r\n ', '\r\n\t', '\n ', '\r ']) + fieldValue(random, 'x', isAnswer) : '';
  return `${name}${colon}${fieldValue(random, name, isAnswer)}${fold}${random.mostly(30, '', ' ', '\t', ' \t ')}${lineEnd(random)}`;
}

function fieldName(random: Random): string {
  if (random.once(120)) return random.of(LOOK_ALIKES);
  if (random.once(9)) return random.of(FRAMING);
  return random.once(4) ? random.text(TOKEN, 1 + random.below(20)) : random.of(NAMES);
}

function fieldValue(random: Random, name: string, isAnswer: boolean): string {
  switch (name.trim().toLowerCase()) {
    case 'content-length':
      return random.of(NUMBERS);
    case 'transfer-encoding':
      return random.mostly(2, 'chunked', ...CODINGS);
    case 'connection':
    case 'proxy-connection':
      return random.mostly(isAnswer ? 2 : 4, 'keep-alive', ...OPTIONS);
    case 'te':
      return random.mostly(2, 'trailers', 'Trailers', 'gzip', '', 'trailers, gzip', ' trailers');
  }
  if (random.once(200)) return random.text(VALUE, 500 + random.below(3_000));
  if (random.once(200)) return `a${random.of(['\0', '\x01', '\x08', '\x0b', '\x0c', '\x1f', '\x7f', '\r', '\n'])}b`;
  return random.text(VALUE, random.below(16));
}

/** The fields of a message, without those of its framing. */
export function someFields(random: Random, isAnswer: boolean): string {
  const count = random.mostly(300, random.below(7), 33, 64, 150, 700);
  let fields = '';
  for (let i = 0; i < count; i += 1) {
    const line = fieldLine(random, isAnswer);
    fields += random.once(60) ? line + line : line;
  }
  return fields;
}

/** A chunked body, which may be wrong. */
export function chunkedBody(random: Random): string {
  let body = '';
  for (let chunks = random.below(4); chunks > 0; chunks -= 1) {
    const data = random.text('abc\r\n0\xff', 1 + random.below(random.mostly(10, 20, 400)));
    const size = random.mostly(
      3,
      data.length.toString(16),
      data.length.toString(16).toUpperCase(),
      `0${data.length.toString(16)}`,
    );
    body += `${random.mostly(60, size, '', '-1', '0x3', '+3', ' 3', '1g', 'fffffffffffff', '10000000000000003', '0000000000000000003')}`;
    body += random.mostly(
      20,
      '',
      ';a=b',
      ';',
      ' ;a',
      ' ',
      '\t',
      ';a="b\r\n"',
      ';\0',
      ';a="\xff"',
      `;${'x'.repeat(1_100)}`,
    );
    body += `${lineEnd(random)}${random.mostly(100, data, `${data}x`, data.slice(1))}${lineEnd(random)}`;
  }
  body += random.mostly(20, '0', '00', '000', '', '0;a', '0 ') + lineEnd(random);
  if (random.once(6)) body += someFields(random, true);
  return random.mostly(40, `${body}\r\n`, body, `${body}\n`, `${body}\r`);
}
