import type { Random } from '../random.ts';
import { chunkedBody, lineEnd, someFields } from './message-fields.ts';
import { mutate } from './mutations.ts';

const ODD_VERSIONS: readonly [string, ...string[]] = [
  'HTTP/1.0',
  'HTTP/0.9',
  'HTTP/2.0',
  'HTTP/1.2',
  'HTTP/1.10',
  'http/1.1',
  'HTTP/1',
  'HTTP/1,1',
  'ICY',
  '',
  ...(['HTTP/1.1 ', ' HTTP/1.1', 'HTTP/1.1\t', 'RTSP/1.0', 'HTTP/01.1', 'HTTP/1.\xb9'] as const),
];
const STATUSES: readonly [string, ...string[]] = ['200', '201', '204', '206', '301', '304', '401', '404', '500', '503'];
const ODD_STATUSES: readonly [string, ...string[]] = [
  '101',
  '100',
  '103',
  '199',
  '099',
  '000',
  '600',
  '999',
  '20',
  '2000',
  '2x0',
  '-20',
  '+200',
  '',
  ' 200',
  ...(['\xb200', '0200', '200.', '2 00'] as const),
];
const REASONS: readonly [string, ...string[]] = [
  '',
  'Not Found',
  ' OK',
  'OK ',
  '\tOK',
  'a\0b',
  'a\x01b',
  'a\x7fb',
  'a\xe9\xff',
  'a\rb',
  'a\nb',
  ':',
  '200',
];

/** The bytes that a server sends on one connection, for one request; many of them wrong. */
export function answerMessages(random: Random): Buffer {
  let text = random.mostly(100, '', '\r\n', '\n', ' ', '\0', '\r\n\r\n');
  if (random.once(10)) text += interim(random);
  text += answer(random);
  if (random.once(25)) text += random.of(['\r\n', 'x', answer(random), '\n', 'HTTP/1.1 200 OK\r\n\r\n']);
  const bytes = Buffer.from(text, 'latin1');
  const whole = random.once(4) ? mutate(random, bytes) : bytes;
  return random.once(10) ? whole.subarray(0, random.below(whole.length + 1)) : whole;
}

function interim(random: Random): string {
  const status = random.of(['100', '102', '103', '199', '100']);
  return `HTTP/1.1 ${status} ${random.of(REASONS)}${lineEnd(random)}${random.once(2) ? someFields(random, true) : ''}\r\n`;
}

function answer(random: Random): string {
  const version = random.mostly(15, 'HTTP/1.1', ...ODD_VERSIONS);
  const status = random.mostly(25, random.mostly(3, '200', ...STATUSES), ...ODD_STATUSES);
  const space = () => random.mostly(200, ' ', '  ', '\t', '', ' \t', '\xa0');
  const reason = random.mostly(12, 'OK', ...REASONS);
  const line = `${version}${space()}${status}${reason === '' && random.once(2) ? '' : space() + reason}${lineEnd(random)}`;
  const { field, body } = framed(random, status);
  return `${line}${someFields(random, true)}${field}${random.once(2) ? '' : someFields(random, true)}${lineEnd(random)}${body}`;
}

function framed(random: Random, status: string): { readonly field: string; readonly body: string } {
  const isBodyless = (status === '204' || status === '304') && !random.once(4);
  const data = isBodyless ? '' : random.text('abc\r\n \0\xffHTTP/1.1 200', random.below(random.mostly(12, 30, 3_000)));
  const name = random.mostly(40, 'Content-Length', 'content-length', 'Content-Length ', 'CONTENT-LENGTH');
  const length = `${name}: ${data.length}\r\n`;
  switch (random.below(5)) {
    case 0:
      return { field: random.mostly(8, '', 'Connection: close\r\n', 'Connection: keep-alive\r\n'), body: data };
    case 1:
    case 2: {
      const wrong = random.mostly(2, data.length + 1, 0, 5, Math.max(0, data.length - 1));
      const second = random.of([
        length,
        `Content-Length: ${wrong}\r\n`,
        `Content-Length: ${data.length}, ${data.length}\r\n`,
      ]);
      return {
        field: random.mostly(30, length, `${length}${second}`, second, `Content-Length: 0${data.length}\r\n`),
        body: data,
      };
    }
    default: {
      const coding = random.mostly(
        40,
        'chunked',
        'Chunked',
        'gzip, chunked',
        'chunked, chunked',
        'identity',
        'xchunked',
      );
      const field = `${random.mostly(30, 'Transfer-Encoding', 'transfer-encoding', 'Transfer-Encoding ')}: ${coding}\r\n`;
      return {
        field: random.mostly(40, field, `${field}${length}`, `${field}${field}`),
        body: isBodyless ? '' : chunkedBody(random),
      };
    }
  }
}
