import type { IncomingMessage, ServerResponse } from 'node:http';
import { deflateRawSync, gzipSync } from 'node:zlib';
import test from 'ava';
import { MOST_HELD } from '../../../gateway/forward/proxy-middleware/interception.ts';
import { httpUpstream, tcpUpstream } from '../../lab/upstreams/upstream.ts';
import { parts } from '../../support/gateways/forwarding.ts';
import { statusOf } from '../../support/http/raw.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';
import { ask, intercepting, UPPER } from './intercepting.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const FAILING: readonly [title: string, text: string, cause: RegExp][] = [
  ['throws', `export default () => { throw new Error('broken module'); };`, /broken module/],
  ['rejects', `export default async () => { throw 'no error'; };`, /no error/],
  ['returns neither Buffer nor string', 'export default () => 7;', /no Buffer or string/],
  ['returns nothing', 'export default () => {};', /no Buffer or string/],
  ['never ends', 'export default () => new Promise(() => {});', /not done after 2000 ms/],
  [
    'sets a status that is none',
    `export default (b, u, r, answer) => { answer.statusCode = 99; return ''; };`,
    /99 is/,
  ],
  [
    'sets a reason phrase that cannot be sent',
    `export default (b, u, r, answer) => { answer.statusMessage = '€'; return ''; };`,
    /is not a valid reason phrase/,
  ],
  [
    'sets a field with a line break',
    `export default (b, u, r, answer) => { answer.setHeader('X-A', 'b\\r\\nX-C: d'); return ''; };`,
    /Invalid character/,
  ],
];

for (const [title, text, cause] of FAILING) {
  test(`a module that ${title} is a 500 with its file in the log, and the next request is answered`, async (t) => {
    const upstream = await httpUpstream(t, (_req, res) => void res.setHeader('X-Secret', 's').end('secret'));
    const gateway = await intercepting(t, text, upstream, {}, text.includes('new Promise') ? '2s' : '2m');
    for (let i = 0; i < 2; i++) {
      const answer = await ask(gateway);
      t.is(statusOf(answer), 500);
      t.deepEqual(JSON.parse(parts(answer).body), { error: 'internal_error', message: 'Internal error' });
      t.notRegex(answer, /secret/i);
    }
    const line = await gateway.logged(({ route }) => route === 's');
    t.is(line.fault, 'gateway');
    t.regex(line.detail as string, /intercept\.mjs failed$/);
    t.regex(line.cause as string, cause);
  });
}

const CUT = deflateRawSync('hello hello').subarray(0, 5);

const BAD_BODIES: readonly [title: string, answer: (req: IncomingMessage, res: ServerResponse) => void][] = [
  ['is not what its Content-Encoding says', (_req, res) => void res.setHeader('Content-Encoding', 'gzip').end('plain')],
  [
    'has a Content-Encoding that nobody knows',
    (_req, res) => void res.setHeader('Content-Encoding', 'x-y').end('plain'),
  ],
  [
    'is in more codings than have any use',
    (_req, res) => void res.setHeader('Content-Encoding', 'gzip, gzip, gzip, gzip, gzip').end('plain'),
  ],
  ['is cut within its coding', (_req, res) => void res.setHeader('Content-Encoding', 'deflate').end(CUT)],
  ['has the status 600', (_req, res) => void res.writeHead(600).end('plain')],
  ['is longer than what is held', (_req, res) => void res.end(Buffer.alloc(MOST_HELD + 1))],
  [
    'becomes longer than what is held when it is decompressed',
    (_req, res) => void res.setHeader('Content-Encoding', 'gzip').end(gzipSync(Buffer.alloc(MOST_HELD + 1))),
  ],
];

for (const [title, respond] of BAD_BODIES) {
  test(`a body that ${title} cannot be intercepted, and is a 502`, async (t) => {
    const gateway = await intercepting(t, UPPER, await httpUpstream(t, respond));
    t.is(statusOf(await ask(gateway)), 502);
    t.is((await gateway.logged(({ route }) => route === 's')).fault, 'upstream');
  });
}

test('an answer that is cut before it could be intercepted is a 502, and one that stands still a 504', async (t) => {
  const begun = 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello';
  for (const [end, status] of [
    [true, 502],
    [false, 504],
  ] as const) {
    const upstream = await tcpUpstream(t, (socket) => {
      socket.once('data', () => (end ? socket.end(begun) : socket.write(begun)));
    });
    t.is(statusOf(await ask(await intercepting(t, UPPER, upstream, {}, end ? '2m' : '2s'))), status);
  }
});
