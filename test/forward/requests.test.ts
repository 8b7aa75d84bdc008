import test from 'ava';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { forwardingGateway, overAll, requestText } from '../support/gateways/forwarding.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';

/** An upstream that says what it received: method, framing and body. */
function echo(t: Parameters<typeof httpUpstream>[0]) {
  return httpUpstream(t, (req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      res.setHeader('X-Length', req.headers['content-length'] ?? 'none');
      res.setHeader('X-Coding', req.headers['transfer-encoding'] ?? 'none');
      res.end(Buffer.concat([Buffer.from(`${req.method} `), ...chunks]));
    });
  });
}

for (const [title, line, fields, body, length, coding] of [
  ['GET without a body', 'GET /s', [], '', 'none', 'none'],
  ['GET with a body', 'GET /s', ['Content-Length: 5'], 'hello', '5', 'none'],
  ['DELETE with a body', 'DELETE /s', ['Content-Length: 5'], 'hello', '5', 'none'],
  ['DELETE in chunks', 'DELETE /s', ['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n', 'none', 'chunked'],
  ['OPTIONS with a body', 'OPTIONS /s', ['Content-Length: 2'], 'hi', '2', 'none'],
  ['POST without a length', 'POST /s', [], '', '0', 'none'],
  ['POST of nothing', 'POST /s', ['Content-Length: 0'], '', '0', 'none'],
  ['POST with a length', 'POST /s', ['Content-Length: 5'], 'h\xffl\0o', '5', 'none'],
  ['POST in chunks', 'POST /s', ['Transfer-Encoding: chunked'], '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n', 'none', 'chunked'],
  [
    'PUT in chunks with trailers',
    'PUT /s',
    ['Transfer-Encoding: chunked'],
    '2\r\nhi\r\n0\r\nA: b\r\n\r\n',
    'none',
    'chunked',
  ],
  ['a method with a body that is rarely seen', 'REPORT /s', ['Content-Length: 5'], 'hello', '5', 'none'],
] as const) {
  overAll(`${title} arrives as it was sent, and so does the request after it`, async (t, over) => {
    const upstream = await echo(t);
    const gateway = await forwardingGateway(t, upstream, {}, over);
    const client = await rawClient(gateway.port);
    const method = line.split(' ')[0];
    const content = coding === 'chunked' ? body.replace(/\r\n0\r\n[\s\S]*$|(^|\r\n)\d+\r\n/g, '') : body;
    client.send(requestText(line, fields, body));
    const first = await client.until(new RegExp(`\r\n\r\n${method} ${content}$`));
    t.regex(first, new RegExp(`^X-Length: ${length}\r$`, 'm'));
    t.regex(first, new RegExp(`^X-Coding: ${coding}\r$`, 'm'));
    client.send(requestText('GET /s?second', ['Connection: close']));
    t.regex(await client.ended(), /\r\n\r\nGET $/);
    t.deepEqual(
      upstream.seen.map(({ url }) => url),
      ['/s', '/s?second'],
    );
  });
}

overAll(
  'a client that waits for 100 Continue hears it from the gateway, once, and the upstream is not asked',
  async (t, over) => {
    const upstream = await echo(t);
    const gateway = await forwardingGateway(t, upstream, {}, over);
    const client = await rawClient(gateway.port);
    client.send(requestText('POST /s', ['Content-Length: 2', 'Expect: 100-continue', 'Connection: close']));
    t.is(await client.until(/\r\n\r\n/), 'HTTP/1.1 100 Continue\r\n\r\n');
    client.send('hi');
    const answer = await client.ended();
    t.is(answer.split('100 Continue').length, 2);
    t.regex(answer, /POST hi/);
    t.deepEqual(upstream.seen[0]?.values('expect'), []);
  },
);

overAll('requests sent ahead reach the upstream one after the other, and are answered in order', async (t, over) => {
  let underWay = 0;
  let most = 0;
  const upstream = await httpUpstream(t, (req, res) => {
    most = Math.max(most, ++underWay);
    setTimeout(() => {
      underWay--;
      res.end(`for ${req.url}`);
    }, 20);
  });
  const gateway = await forwardingGateway(t, upstream, {}, over);
  const answer = await rawExchange(
    gateway.port,
    requestText('PUT /s?1') + requestText('GET /s?2') + requestText('GET /s?3', ['Connection: close']),
  );
  t.deepEqual(
    [...answer.matchAll(/for (\/s\?\d)/g)].map(([, url]) => url),
    ['/s?1', '/s?2', '/s?3'],
  );
  t.is(most, 1);
});

for (const over of ['undici', 'http-proxy-middleware'] as const) {
  test(`a client that sends more than a hundred requests ahead is cut off (${over})`, async (t) => {
    const upstream = await httpUpstream(t, (_req, res) => void setTimeout(() => res.end('late'), 300));
    const gateway = await forwardingGateway(t, upstream, {}, over);
    const client = await rawClient(gateway.port);
    client.send(requestText('GET /s').repeat(102));
    t.is(await client.ended(), '');
    t.is(upstream.seen.length <= 1, true);
    const polite = await rawExchange(
      gateway.port,
      requestText('GET /s').repeat(3) + requestText('GET /s', ['Connection: close']),
    );
    t.is(polite.match(/late/g)?.length, 4);
  });
}

test('plain requests that are sent ahead, however many, are read no faster than they are answered', async (t) => {
  const upstream = await httpUpstream(t, (_req, res) => void res.end('done'));
  const gateway = await forwardingGateway(t, upstream);
  const answers = await rawExchange(
    gateway.port,
    requestText('GET /s').repeat(1_000) + requestText('GET /s', ['Connection: close']),
  );
  t.is(answers.match(/done/g)?.length, 1_001);
});

overAll('what follows a request that closes the connection is not carried out', async (t, over) => {
  const upstream = await echo(t);
  const gateway = await forwardingGateway(t, upstream, {}, over);
  const answer = await rawExchange(
    gateway.port,
    requestText('GET /s?1', ['Connection: close']) + requestText('DELETE /s?2'),
  );
  t.is(statusOf(answer), 200);
  t.deepEqual(
    upstream.seen.map(({ url }) => url),
    ['/s?1'],
  );
});
