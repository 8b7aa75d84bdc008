import { maxHeaderSize } from 'node:http';
import type { Random } from '../random.ts';
import { chunkedBody, lineEnd, someFields } from './message-fields.ts';
import { mutate } from './mutations.ts';

const PLAIN_METHODS: readonly [string, ...string[]] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
const ODD_METHODS: readonly [string, ...string[]] = [
  'OPTIONS',
  'CONNECT',
  'TRACE',
  'PRI',
  'get',
  'GETT',
  'GE',
  '',
  'G\0T',
  'QUERY',
  'M-SEARCH',
  'POST ',
  ' GET',
  ...(['SOURCE', 'PROPFIND', 'LINK', '\xd0GET', 'GET\t'] as const),
];
const ODD_TARGETS: readonly [string, ...string[]] = [
  '*',
  'http://a/b',
  'a:80',
  '',
  '/a b',
  '/\t',
  '/\0',
  '/\xff',
  '/\x7f',
  '/a#b',
  '/a?b#c',
  '//a//',
  '\\a',
  '?',
  ...(['/%', '/"<>', '/{}|^`', '/a\r', '/a\n', 'HTTP/1.1', '/ HTTP/1.1'] as const),
];
const ODD_VERSIONS: readonly [string, ...string[]] = [
  'HTTP/1.0',
  'HTTP/0.9',
  'HTTP/2.0',
  'HTTP/1.2',
  'HTTP/1.10',
  'http/1.1',
  'HTTP/1,1',
  'HTTP/1.1 ',
  'HTTP/1',
  '',
  ...(['HTTP/01.1', 'HTTP/1.1\t', 'HTTPS/1.1', 'ICE/1.0', 'RTSP/1.0', 'HTTP/ 1.1', 'HTTP/1.\xb9'] as const),
];
const TARGET = "abcXYZ019-._~!$&'()*+,;=:@/?%#[]|{}";

/** One or more requests in the bytes of one connection; many of them wrong. */
export function requestMessages(random: Random): Buffer {
  let text = random.mostly(60, '', '\r\n', '\n', '\r', ' ', '\r\n\r\n');
  for (let count = random.mostly(3, 1, 2, 3, 5); count > 0; count -= 1) text += request(random);
  const bytes = Buffer.from(text, 'latin1');
  const whole = random.once(3) ? mutate(random, bytes) : bytes;
  return random.once(12) ? whole.subarray(0, random.below(whole.length + 1)) : whole;
}

function request(random: Random): string {
  const method = random.mostly(60, random.of(PLAIN_METHODS), ...ODD_METHODS);
  const target = random.mostly(40, `/${random.text(TARGET, random.below(12))}`, ...ODD_TARGETS);
  const version = random.mostly(80, 'HTTP/1.1', ...ODD_VERSIONS);
  const space = () => random.mostly(200, ' ', '  ', '\t', '', ' \t', '\x0b', '\xa0');
  const line = `${method}${space()}${target}${space()}${version}${lineEnd(random)}`;
  const before = someFields(random, false);
  const after = random.once(2) ? '' : someFields(random, false);
  const { field, body } = framed(random, method);
  const size = line.length + before.length + field.length + after.length;
  const padding = random.once(500) ? `X: ${'x'.repeat(Math.max(0, maxHeaderSize - size - random.below(40)))}\r\n` : '';
  return `${line}${padding}${before}${random.mostly(30, 'Host: a\r\n', '', 'Host: a\r\nHost: b\r\n', 'Host:\r\n')}${field}${after}${lineEnd(random)}${body}`;
}

function framed(random: Random, method: string): { readonly field: string; readonly body: string } {
  if (method === 'GET' && !random.once(8)) return { field: '', body: '' };
  const data = random.text('abc\r\n \0\xffGET /x HTTP/1.1', random.below(random.mostly(12, 24, 3_000)));
  if (random.once(25)) {
    const name = random.mostly(4, 'Transfer-Encoding', 'transfer-encoding', 'TRANSFER-ENCODING', 'Transfer-Encoding ');
    return {
      field: `${name}: ${random.mostly(5, 'chunked', 'identity', 'xchunked', 'chunked, chunked')}\r\n`,
      body: chunkedBody(random),
    };
  }
  const length = `Content-Length: ${data.length}\r\n`;
  return {
    field: random.mostly(40, length, `${length}${length}`, '', `Content-Length: ${data.length + 1}\r\n`),
    body: data,
  };
}
