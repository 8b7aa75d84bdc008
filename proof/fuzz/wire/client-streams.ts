import type { Random } from '../../random.ts';
import { chunkedBody, fieldLine } from '../message-fields.ts';
import { lengthOnWire, PLACE } from './marks.ts';

/** The routes of the gateway, by the way to the upstream. */
const ROUTES: readonly [string, ...string[]] = [
  ...(['/api/v1/direct', '/api/v1/direct', '/api/v1/direct', '/api/v1/proxied', '/api/v1/http2', '/open'] as const),
];
const ODD_PATHS: readonly [string, ...string[]] = [
  '/nowhere',
  '/api/v1',
  '/api/v1/tokens/',
  '*',
  '/open/../api/v1/direct',
  '//open',
  '/api/v1/direct%2f..',
  '/api/v1/direct?a=/b',
  '/api/v1/direct/a b',
  '/api/v1/direct/\xff',
  '/API/v1/direct',
  '/api/v1/direct#a',
  ...(['http://gateway.test/api/v1/direct', 'http://other.test/api/v1/direct', 'gateway.test:80'] as const),
];
const METHODS: readonly [string, ...string[]] = ['GET', 'GET', 'POST', 'POST', 'PUT', 'HEAD', 'DELETE', 'PATCH'];
const ODD_METHODS: readonly [string, ...string[]] = [
  ...(['OPTIONS', 'CONNECT', 'TRACE', 'get', 'QUERY', 'PRI', 'M-SEARCH', 'GETT', 'POST '] as const),
];

/** The identity in other spellings and places. */
const FORGED: readonly [string, ...string[]] = [
  'X-User-Id: 666',
  'x-user-id: 666',
  'X_User_Id: 666',
  'X.User.Id: 666',
  'X-User-Id : 666',
  'X-User-Id\t: 666',
  'X-User-Id:666',
  ' X-User-Id: 666',
  'X-User-Id\0: 666',
  'X--User-Id: 666',
  'X-User-Id\x0b: 666',
  'HTTP_X_USER_ID: 666',
  'X: a\rX-User-Id: 666',
  'X: a\nX-User-Id: 666',
  'X: a\r\r\nX-User-Id: 666',
  'X: a\0\r\nX-User-Id: 666',
  ...(['X: a\r\n X-User-Id: 666', 'X: a\r\n\tb', 'Connection: X-User-Id', 'Connection: close, x-user-id'] as const),
  'Connection: authorization',
  'Connection: keep-alive, content-length',
  'Connection: host',
  'Trailer: X-User-Id',
  ...(['X-User-Email: a@b.c', 'X-Userid: 666', 'X-User: 666', 'Remote-User: root', 'X-Forwarded-User: root'] as const),
  `Authorization: ${PLACE.otherCredential}`,
  'Authorization:',
  'Authorization : Basic eA==',
  'Cookie: a=b',
  ...(['Forwarded: for=1.2.3.4', 'X-HTTP-Method-Override: DELETE', 'X-Original-URL: /admin', 'Via: 1.1 a'] as const),
];
/** Fields that frame the body, or change the use of the connection, against or beside the real ones. */
const FRAMING: readonly [string, ...string[]] = [
  'Content-Length: 0',
  'Content-Length: +5',
  'Content-Length: 5, 5',
  'Content-Length: 5',
  'Content-Length: -1',
  'Content-Length: 0x5',
  'Content-Length:',
  'Content_Length: 5',
  'Content-Length : 5',
  'Content-Length: 005',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: Chunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding:',
  'Transfer-Encoding : chunked',
  'Transfer_Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'TE: trailers',
  'Transfer-Encoding:\x0bchunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: identity',
  ...(['Transfer-Encoding: "chunked"', 'Transfer-Encoding:\r\n chunked', 'X: a\nTransfer-Encoding: chunked'] as const),
  ...(['Expect: 100-continue', 'Expect: 100-continue', 'Expect: 200-ok', 'Expect:', 'Connection: close'] as const),
  'Connection: keep-alive',
  'Connection: te, upgrade',
  'Upgrade: h2c',
  'Upgrade: websocket',
  'Keep-Alive: max=1',
  'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
  'Proxy-Connection: close',
];
const TRAILERS: readonly [string, ...string[]] = [
  'X-Trailer: a',
  'X-User-Id: 666',
  'x_user_id: 666',
  'Content-Length: 5',
  'Authorization: Basic eA==',
  'X: a\rb',
  ...(['Transfer-Encoding: chunked', 'X-User-Id : 666', 'Host: b', ' folded'] as const),
];

/** What one client sends on its connection: requests one after another, each with a mark of its own. */
export function clientStream(random: Random): string {
  let stream = '';
  for (let count = random.mostly(4, 1 + random.below(3), 0, 6, 9); count > 0; count -= 1) {
    const request = random.once(9) ? webSocketRequest(random) : httpRequest(random);
    stream += random.once(4) ? cutSomewhere(random, request) : request;
    if (random.once(4)) stream += PLACE.cut;
  }
  return stream;
}

function cutSomewhere(random: Random, request: string): string {
  const at = random.below(request.length);
  return request.slice(0, at) + PLACE.cut + request.slice(at);
}

function httpRequest(random: Random): string {
  const method = random.mostly(40, random.of(METHODS), ...ODD_METHODS);
  const { field, body } = framedBody(random, method);
  const lines = [`Host: ${random.mostly(30, 'gateway.test', '', 'gateway.test:80', 'a, b')}`];
  if (!random.once(12)) lines.push(`Authorization: ${random.mostly(4, PLACE.credential, PLACE.otherCredential)}`);
  if (field !== '') lines.push(field);
  if (random.once(3)) lines.push(random.of(FORGED));
  if (random.once(5)) lines.push(random.of(FRAMING));
  if (random.once(6)) lines.push(fieldLine(random, false).replace(/\r\n$/, ''));
  if (random.once(4)) lines.push(`X-Mark: ${PLACE.mark}`);
  if (random.once(8)) lines.reverse();
  const version = random.mostly(40, 'HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', '');
  return `${method} ${target(random)} ${version}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`;
}

function target(random: Random): string {
  const path = random.mostly(25, random.of(ROUTES), ...ODD_PATHS);
  const script = random.once(2) ? '' : `/a${random.below(4)}`;
  return `${path}${script}/${PLACE.nextMark}${random.once(12) ? `?q=${PLACE.mark}` : ''}`;
}

function framedBody(random: Random, method: string): { readonly field: string; readonly body: string } {
  const hasBody = method === 'POST' || method === 'PUT' || method === 'PATCH' || random.once(10);
  if (!hasBody) return { field: '', body: '' };
  const data = bodyText(random);
  if (random.once(3)) return { field: 'Transfer-Encoding: chunked', body: chunks(random, data) };
  const length = lengthOnWire(data);
  const told = random.mostly(15, length, length + 1, Math.max(0, length - 3), 0, length + 200);
  return { field: `Content-Length: ${told}`, body: data };
}

/** A body, which may hold a request that must never be read as one. */
function bodyText(random: Random): string {
  const smuggled =
    `${random.mostly(4, 'POST', 'GET')} /api/v1/direct/${PLACE.mark}/smuggled HTTP/1.1\r\nHost: a\r\n` +
    `X-User-Id: 666\r\n${random.once(2) ? `Authorization: ${PLACE.credential}\r\n` : ''}\r\n`;
  const filler = random.text('abc\r\n01:', random.below(30));
  return random.mostly(
    3,
    `${PLACE.mark}${filler}`,
    `${PLACE.mark}\r\n\r\n${smuggled.replaceAll(PLACE.credential, 'Basic eA==')}`,
    `0\r\n\r\n${smuggled.replaceAll(PLACE.credential, 'Basic eA==')}`,
    PLACE.mark.repeat(random.below(1_500)),
    '',
  );
}

function chunks(random: Random, data: string): string {
  if (random.once(8)) return chunkedBody(random);
  let text = '';
  for (let at = 0; at < data.length; ) {
    const piece = data.slice(at, at + 1 + random.below(data.length));
    at += piece.length;
    const size = lengthOnWire(piece).toString(16);
    const written = random.mostly(
      15,
      size,
      `0${size}`,
      `${size};a=b`,
      `${size} `,
      `0x${size}`,
      `+${size}`,
      `${size}\n`,
    );
    text += `${written}${random.mostly(40, '\r\n', '\n', '\r', '\r\r\n')}${piece}${random.mostly(40, '\r\n', '\n', '', 'x\r\n')}`;
    if (random.once(10)) text += PLACE.cut;
  }
  const trailers = random.once(4) ? `${random.of(TRAILERS)}\r\n` : '';
  return `${text}${random.mostly(20, '0', '00', '0;a', '-0')}\r\n${trailers}\r\n`;
}

function webSocketRequest(random: Random): string {
  const lines = ['Host: gateway.test', `Authorization: ${PLACE.credential}`];
  lines.push(
    `Connection: ${random.mostly(6, 'Upgrade', 'keep-alive, Upgrade', 'Upgrade, X-User-Id', 'close, Upgrade')}`,
  );
  lines.push(`Upgrade: ${random.mostly(6, 'websocket', 'WebSocket', 'h2c', 'websocket, h2c')}`);
  lines.push(`Sec-WebSocket-Version: ${random.mostly(10, '13', '8')}`, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==');
  if (random.once(4)) lines.push(random.of(FORGED));
  if (random.once(6)) lines.push(random.of(FRAMING));
  const path = `/api/v1/${random.mostly(6, 'direct', 'proxied')}${random.once(3) ? `/a${random.below(4)}` : ''}/${PLACE.nextMark}`;
  // A frame, or bytes that look like the next request.
  const after = random.mostly(
    2,
    `\x81\x8e\0\0\0\0${PLACE.mark}`,
    '',
    `GET /api/v1/direct/${PLACE.mark} HTTP/1.1\r\nX-User-Id: 666\r\n\r\n`,
  );
  return `GET ${path} HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${random.once(3) ? PLACE.cut : ''}${after}`;
}
