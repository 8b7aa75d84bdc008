import type { Random } from '../../random.ts';
import { answerMessages } from '../answer-messages.ts';
import { mutate } from '../mutations.ts';
import { lengthOnWire, PLACE, withoutPlaces } from './marks.ts';
import type { AnswerScript } from './scenario.ts';

const { mark, serial, cut, end, reset } = PLACE;
const BODY = `${serial}${mark}`;
const FIELDS = `X-Serial: ${serial}\r\nX-Mark: ${mark}\r\n`;
const WHOLE = `HTTP/1.1 200 OK\r\n${FIELDS}Content-Length: ${lengthOnWire(BODY)}\r\n\r\n${BODY}`;
/** What must never be taken for the answer to another request. */
const SECOND = `HTTP/1.1 201 Second\r\n${FIELDS}Content-Length: ${lengthOnWire(BODY)}\r\n\r\n${BODY}`;
const CHUNK = `${lengthOnWire(BODY).toString(16)}\r\n${BODY}\r\n`;
const CHUNKED = `HTTP/1.1 200 OK\r\n${FIELDS}Transfer-Encoding: chunked\r\n\r\n`;
const INTERIM = `HTTP/1.1 103 Early Hints\r\nLink: </${mark}>\r\n\r\n`;
const ACCEPTED = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n';

export const OPENING = `HTTP/1.1 101 Switching Protocols\r\n${FIELDS}${ACCEPTED}\r\n\x81\x19${BODY}`;
export const USUAL = WHOLE;
export const USUAL_TO_HEAD = WHOLE.slice(0, -BODY.length);

const HONEST: readonly [string, ...string[]] = [
  WHOLE,
  `${CHUNKED}${CHUNK}0\r\n\r\n`,
  `${CHUNKED}${CHUNK}${cut}${CHUNK}0\r\nX-Trailer: ${mark}\r\n\r\n`,
  `HTTP/1.1 204 No Content\r\n${FIELDS}\r\n`,
  `HTTP/1.1 304 Not Modified\r\n${FIELDS}\r\n`,
  INTERIM + WHOLE,
  ...([`HTTP/1.1 200 OK\r\n${FIELDS}\r\n${BODY}${end}`, `HTTP/1.0 200 OK\r\n${FIELDS}\r\n${BODY}${end}`] as const),
  WHOLE.replace('\r\nX-Mark', '\r\nConnection: close\r\nX-Mark') + end,
  `HTTP/1.1 100 Continue\r\n\r\n${cut}${WHOLE}`,
];
const HOSTILE: readonly [string, ...string[]] = [
  WHOLE + SECOND,
  WHOLE + cut + SECOND,
  `${WHOLE}${BODY}`,
  `${WHOLE}\r\n`,
  `${WHOLE}${cut}${BODY}${end}`,
  INTERIM.repeat(40) + WHOLE,
  INTERIM,
  `${INTERIM}${end}`,
  OPENING,
  `${OPENING}${SECOND}`,
  SECOND + OPENING,
  `${CHUNKED}${CHUNK}0\r\n\r\n${SECOND}`,
  `${CHUNKED}${CHUNK}`,
  `${CHUNKED}${CHUNK}${end}`,
  `${CHUNKED}${CHUNK}x`,
  `${CHUNKED}${CHUNK}0\r\nContent-Length: 5\r\n\r\n${SECOND}`,
  `${CHUNKED}fffffff\r\n${BODY}`,
  WHOLE.slice(0, -5),
  WHOLE.slice(0, -5) + end,
  WHOLE.slice(0, -5) + reset,
  end,
  reset,
  '\r\n',
  `\r\n${WHOLE}`,
  'HTTP/1.1 200',
  `HTTP/1.1 204 No Content\r\n${FIELDS}Content-Length: 5\r\n\r\n${SECOND}`,
  `HTTP/1.1 204 No\r\n${FIELDS}\r\n${SECOND}`,
  ...([`HTTP/1.1 304 Not Modified\r\n${FIELDS}Transfer-Encoding: chunked\r\n\r\n${SECOND}`] as const),
  ...([`HTTP/1.1 200 OK\r\n${FIELDS}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${SECOND}`] as const),
  `HTTP/1.1 200 OK\r\n${FIELDS}Content-Length: +36\r\n\r\n${SECOND}`,
  WHOLE.replace('OK', 'O\rK'),
  SECOND.repeat(9),
  ...([`HTTP/1.1 200 OK\r\n${FIELDS}Content-Length: 5\r\nContent-Length: 6\r\n\r\n${SECOND}`] as const),
  `HTTP/1.1 200 OK\r\n${FIELDS}X-User-Id: 1\r\nSet-Cookie: gatehouse=1\r\nConnection: X-Serial\r\n\r\n${BODY}${end}`,
  ...([`HTTP/1.1 408 Request Timeout\r\n${FIELDS}Content-Length: 0\r\n\r\n${end}`, `${WHOLE}${reset}`] as const),
];

export function answerScript(random: Random): AnswerScript {
  const isEarly = random.once(4);
  const text = random.once(2) ? random.of(HONEST) : random.of(HOSTILE);
  if (random.once(12)) {
    return { isEarly, text: withoutPlaces(answerMessages(random).toString('latin1')) };
  }
  if (random.once(5)) return { isEarly, text: mutate(random, Buffer.from(text, 'latin1')).toString('latin1') };
  return { isEarly, text };
}
