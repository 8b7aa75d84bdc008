import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import test from 'ava';
import { ADA, basic, testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { parts, requestText, valuesOf } from '../../support/gateways/forwarding.ts';
import { rawExchange, statusOf } from '../../support/http/raw.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';
import { ask, intercepting, moduleOf, UPPER } from './intercepting.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

for (const [coding, compress] of [
  [null, (text: string) => Buffer.from(text)],
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['x-gzip', gzipSync],
  ['GZip', gzipSync],
  ['deflate, without the zlib format', deflateRawSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
  ['identity', (text: string) => Buffer.from(text)],
  ['gzip, identity', gzipSync],
  ['deflate, gzip', (text: string) => gzipSync(deflateSync(text))],
  [',br ,, X-GZIP', (text: string) => gzipSync(brotliCompressSync(text))],
] as const) {
  test(`a module changes a body that came ${coding === null ? 'as it is' : `in ${coding}`}`, async (t) => {
    const upstream = await httpUpstream(t, (_req, res) => {
      if (coding !== null) res.setHeader('Content-Encoding', coding.replace(', without the zlib format', ''));
      res.setHeader('ETag', '"a"');
      res.end(compress('hellö'));
    });
    const answer = await ask(await intercepting(t, UPPER, upstream));
    t.is(statusOf(answer), 200);
    t.is(parts(answer).body, Buffer.from('HELLÖ').toString('latin1'));
    t.deepEqual(valuesOf(answer, 'content-length'), ['6']);
    t.deepEqual(valuesOf(answer, 'content-encoding'), []);
    t.deepEqual(valuesOf(answer, 'transfer-encoding'), []);
    t.deepEqual(valuesOf(answer, 'etag'), ['"a"']);
    t.is(valuesOf(answer, 'x-request-id').length, 1);
  });
}

test('codings on several lines are undone in the opposite order', async (t) => {
  const upstream = await httpUpstream(t, (_req, res) => {
    res.setHeader('Content-Encoding', ['br', 'zstd']).end(zstdCompressSync(brotliCompressSync('hellö')));
  });
  const answer = await ask(await intercepting(t, UPPER, upstream));
  t.is(parts(answer).body, Buffer.from('HELLÖ').toString('latin1'));
  t.deepEqual(valuesOf(answer, 'content-encoding'), []);
});

test('a module sees what is whole: nobody gets past it by asking for a part', async (t) => {
  const whole = gzipSync('hello secret');
  const upstream = await httpUpstream(t, (req, res) => {
    res.setHeader('Content-Encoding', 'gzip');
    const from = Number(/bytes=(\d+)/.exec(String(req.headers.range ?? req.headers['request-range']))?.[1] ?? -1);
    if (from === -1) {
      res.setHeader('Accept-Ranges', 'bytes').end(whole);
    } else {
      res
        .writeHead(206, { 'Content-Range': `bytes ${from}-${whole.length - 1}/${whole.length}` })
        .end(whole.subarray(from));
    }
  });
  const gateway = await intercepting(
    t,
    `export default (body) => body.toString().replace('secret', 'shown');`,
    upstream,
  );
  for (const fields of [['Range: bytes=4-'], ['range: bytes=4-', 'If-Range: "a"'], ['Request-Range: bytes=4-']]) {
    const answer = await rawExchange(gateway.port, requestText('GET /s', [...fields, 'Connection: close']));
    t.is(statusOf(answer), 200);
    t.is(parts(answer).body, 'hello shown');
    t.deepEqual(valuesOf(answer, 'accept-ranges'), []);
  }
});

test('a part that an upstream sends unasked passes as it is, encoded or not', async (t) => {
  const part = gzipSync('hello').subarray(4);
  for (const fields of [{ 'Content-Encoding': 'gzip' }, {}]) {
    const upstream = await httpUpstream(t, (_req, res) => {
      res.writeHead(206, { ...fields, 'Content-Range': 'bytes 4-24/25', 'Content-Length': part.length }).end(part);
    });
    const answer = await ask(await intercepting(t, UPPER, upstream));
    t.is(statusOf(answer), 206);
    t.is(parts(answer).body, part.toString('latin1'));
    t.deepEqual(valuesOf(answer, 'content-encoding'), Object.values(fields));
    t.deepEqual(valuesOf(answer, 'content-range'), ['bytes 4-24/25']);
    t.deepEqual(valuesOf(answer, 'content-length'), [String(part.length)]);
  }
});

test('an upstream is asked for no coding that could not be undone', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await intercepting(t, 'export default (body) => body;', upstream);
  for (const [accepted, asked] of [
    ['gzip, br;q=0.5', 'gzip, br;q=0.5'],
    ['compress, dcz, GZIP;q=1, *;q=0.1', 'GZIP;q=1'],
    ['compress', 'identity'],
    ['*', 'identity'],
  ] as const) {
    await rawExchange(gateway.port, requestText('GET /s', [`Accept-Encoding: ${accepted}`, 'Connection: close']));
    t.deepEqual(upstream.seen.at(-1)?.values('accept-encoding'), [asked]);
  }
});

test('what says something of the bytes of the body goes before the module, which may say it anew', async (t) => {
  const upstream = await httpUpstream(t, (_req, res) => {
    for (const name of ['Content-Digest', 'Repr-Digest', 'Digest', 'Content-MD5']) res.setHeader(name, 'old');
    res.end('hello');
  });
  const text = `export default (body, _u, _r, answer) => (answer.setHeader('Repr-Digest', 'new'), body);`;
  const answer = await ask(await intercepting(t, text, upstream));
  t.deepEqual(valuesOf(answer, 'repr-digest'), ['new']);
  for (const name of ['content-digest', 'digest', 'content-md5']) t.deepEqual(valuesOf(answer, name), [], name);
});

test('a module reads who asked for what and what the upstream said, and writes status and fields', async (t) => {
  const upstream = await httpUpstream(t, (_req, res) => {
    res.writeHead(404, 'Gone', { 'X-Old': '1', 'X-List': ['a', 'b'], 'X-Kept': 'k' }).end();
  });
  const file = moduleOf(
    t,
    `export default async (body, upstream, request, answer) => {
      answer.statusCode = 203;
      answer.statusMessage = 'Changed';
      answer.removeHeader('x-old');
      answer.setHeader('X-New', ['1', '2']);
      answer.setHeader('Connection', 'X-Kept');
      return JSON.stringify([body.length, upstream.statusCode, upstream.statusMessage, upstream.headers['x-list'],
        answer.getHeader('x-LIST'), request.method, request.url, request.headers['x-user-id']]);
    };`,
  );
  const gateway = await testGateway(t, {
    routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url, proxy: { intercept: file } }],
  });
  const request = requestText('GET /api/v1/o?q', ['Connection: close', `Authorization: ${basic(ADA)}`]);
  const answer = await rawExchange(gateway.port, request);
  t.is(parts(answer).lines[0], 'HTTP/1.1 203 Changed');
  t.deepEqual(JSON.parse(parts(answer).body), [0, 404, 'Gone', ['a', 'b'], ['a', 'b'], 'GET', '/api/v1/o?q', '1']);
  t.deepEqual(valuesOf(answer, 'x-old'), []);
  t.deepEqual(valuesOf(answer, 'x-new'), ['1', '2']);
  t.deepEqual(valuesOf(answer, 'x-kept'), [], 'a module has no say over the connection, but its options count');
  t.deepEqual(valuesOf(answer, 'connection'), ['close']);
});

test('cookies and redirects are rewritten before a module sees them', async (t) => {
  const upstream = await httpUpstream(t, (req, res) => {
    res.writeHead(302, {
      Location: `http://${req.headers.host}/x`,
      'Set-Cookie': ['a=1; Domain=old.test', 'b=2; Domain=old.test'],
    });
    res.end();
  });
  const text = `export default (_body, _upstream, _request, answer) => String(answer.getHeader('location'));`;
  const gateway = await intercepting(t, text, upstream, { autoRewrite: true, cookieDomainRewrite: 'new.test' });
  const answer = await ask(gateway);
  t.is(parts(answer).body, 'http://gateway.test/x');
  t.deepEqual(valuesOf(answer, 'location'), ['http://gateway.test/x']);
  t.deepEqual(valuesOf(answer, 'set-cookie'), ['a=1; Domain=new.test', 'b=2; Domain=new.test']);
});

for (const [title, line, status] of [
  ['HEAD', 'HEAD /s', 200],
  ['a 204', 'GET /s', 204],
  ['a 304', 'GET /s', 304],
] as const) {
  test(`the answer to ${title} has no body to change, and passes without the length that it would have`, async (t) => {
    const upstream = await httpUpstream(t, (_req, res) => {
      res.writeHead(status, { 'Content-Encoding': 'gzip', 'X-Here': 'yes' }).end();
    });
    const answer = await ask(await intercepting(t, 'export default () => { throw new Error(); };', upstream), line);
    t.is(statusOf(answer), status);
    t.deepEqual(valuesOf(answer, 'x-here'), ['yes']);
    t.deepEqual(valuesOf(answer, 'content-length'), []);
    t.is(parts(answer).body, '');
  });
}
