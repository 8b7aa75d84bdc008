import test from 'ava';
import type { TestGateway } from '../lab/gateways/gateway.ts';
import { holds } from '../lab/waiting/condition.ts';
import { requestText } from '../support/gateways/forwarding.ts';
import { groupGateway } from '../support/gateways/group.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';
import * as h2 from '../support/upstreams/http2-frames.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const CLOSE = ['Connection: close'];
const REQUESTS = [
  requestText('GET /s', CLOSE),
  requestText('POST /s', ['Content-Length: 5', ...CLOSE], 'hello'),
  requestText('PUT /s', ['Transfer-Encoding: chunked', ...CLOSE], '5\r\nhello\r\n0\r\n\r\n'),
];
const OK = [':status', '200'] as const;

function faults({ log }: TestGateway): number {
  return log.filter(({ msg, fault }) => msg === 'request' && fault === 'upstream').length;
}

function head(stream: number, ...pairs: (readonly [string, string])[]): Buffer {
  return h2.frame(h2.HEADERS, h2.END_HEADERS, stream, h2.fields(...pairs));
}

function whole(stream: number, ...pairs: (readonly [string, string])[]): Buffer {
  return h2.frame(h2.HEADERS, h2.END_HEADERS | h2.END_STREAM, stream, h2.fields(...pairs));
}

const BAD: Record<string, (stream: number) => readonly Buffer[]> = {
  'a status that is none': (stream) => [whole(stream, [':status', '099'])],
  'a status of four digits': (stream) => [whole(stream, [':status', '1000'])],
  'a change of protocol': (stream) => [whole(stream, [':status', '101'])],
  'no status': (stream) => [whole(stream, ['x', 'y'])],
  'two statuses': (stream) => [whole(stream, OK, [':status', '404'])],
  'a name in upper case': (stream) => [whole(stream, OK, ['X-Y', 'z'])],
  'a field of the connection': (stream) => [whole(stream, OK, ['connection', 'close'])],
  'a transfer coding': (stream) => [whole(stream, OK, ['transfer-encoding', 'chunked'])],
  'two lengths': (stream) => [whole(stream, OK, ['content-length', '2'], ['content-length', '3'])],
  'an interim answer as the last': (stream) => [whole(stream, [':status', '103'])],
  'a body without a head': (stream) => [h2.frame(h2.DATA, h2.END_STREAM, stream, Buffer.from('x'))],
  'an answer on a stream of nobody': () => [whole(77, OK)],
  'a promise that it must not make': (stream) => [h2.frame(h2.PUSH_PROMISE, h2.END_HEADERS, stream, h2.numbers(2))],
  'a window that overflows': (stream) =>
    [0, stream].map((id) => h2.frame(h2.WINDOW_UPDATE, 0, id, h2.numbers(2 ** 31 - 1))),
  'a head that is no HPACK': (stream) => [h2.frame(h2.HEADERS, h2.END_HEADERS, stream, Buffer.alloc(60, 0xff))],
  'a head without end': (stream) => [
    h2.frame(h2.HEADERS, 0, stream, h2.fields(OK)),
    ...Array.from({ length: 200 }, () => h2.frame(h2.CONTINUATION, 0, stream, h2.fields(['a', 'b'.repeat(120)]))),
  ],
  'settings that are out of bounds': () => [h2.frame(h2.SETTINGS, 0, 0, Buffer.from([0, 5, 0, 0, 0, 1]))],
  'settings in a flood': () => Array.from({ length: 5_000 }, () => h2.frame(h2.SETTINGS, 0, 0)),
  'a frame that is longer than allowed': (stream) => [h2.frame(h2.DATA, 0, stream, Buffer.alloc(20_000))],
  'what is no frame': () => [Buffer.alloc(200, 0xff)],
  'a reset of its connection': () => [h2.frame(h2.RST_STREAM, 0, 0, h2.numbers(0))],
  'that it goes away, with an error': () => [h2.frame(h2.GOAWAY, 0, 0, h2.numbers(0, 11))],
};

for (const [what, answer] of Object.entries(BAD)) {
  test(`a server of HTTP/2 that sends ${what} is a 502`, async (t) => {
    const gateway = await groupGateway(t, {
      servers: [(await h2.http2Peer(t, answer)).url],
      http2: true,
      retries: { attempts: 0 },
    });
    for (const request of REQUESTS) t.is(statusOf(await rawExchange(gateway.port, request)), 502);
    await holds('each is logged as the fault of the upstream', () => faults(gateway) === REQUESTS.length);
  });
}

for (const [what, end] of [
  ['a reset without an error', (stream: number) => h2.frame(h2.RST_STREAM, 0, stream, h2.numbers(0))],
  ['a reset that cancels it', (stream: number) => h2.frame(h2.RST_STREAM, 0, stream, h2.numbers(8))],
  ['a reset for an error', (stream: number) => h2.frame(h2.RST_STREAM, 0, stream, h2.numbers(2))],
  ['a head that comes too late', (stream: number) => whole(stream, OK)],
] as const) {
  test(`an answer that a server of HTTP/2 ends by ${what} looks truncated`, async (t) => {
    const begun = (stream: number) => [head(stream, OK), h2.frame(h2.DATA, 0, stream, Buffer.from('begun'))];
    const peer = await h2.http2Peer(t, (stream) => [...begun(stream), end(stream)]);
    const gateway = await groupGateway(t, { servers: [peer.url], http2: true });
    for (const request of REQUESTS) {
      const answer = await rawExchange(gateway.port, request);
      t.is(statusOf(answer), 200);
      t.notRegex(answer, /\r\n0\r\n\r\n$/);
    }
    await holds('each is logged as the fault of the upstream', () => faults(gateway) === REQUESTS.length);
  });
}

test('a server of HTTP/2 that takes connections and allows no streams is a 504', async (t) => {
  const none = h2.frame(h2.SETTINGS, 0, 0, Buffer.from([0, 3, 0, 0, 0, 0]));
  const peer = await h2.http2Peer(t, () => [none]);
  const gateway = await groupGateway(
    t,
    { servers: [peer.url], http2: true },
    { timeouts: { connect: '300ms', firstByte: '300ms' } },
  );
  const answers = await Promise.all([...REQUESTS, ...REQUESTS].map((request) => rawExchange(gateway.port, request)));
  for (const answer of answers) t.is(statusOf(answer), 504);
});
