import test, { type ExecutionContext } from 'ava';
import { LISTED, treatmentOf } from '../../gateway/fields/request.ts';
import { ADA, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { listenOver, overAll, routeOver } from '../support/gateways/forwarding.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { HANDSHAKE, webSocketUpstream } from '../support/http/websocket.ts';
import { http2Upstream } from '../support/upstreams/http2-upstream.ts';
import { authorization, message } from './message.ts';

/** Every character that a name may have beside letters and digits (RFC 9110 section 5.6.2). */
const SEPARATORS = [..."-_.~!#$%&'*+^|`"];
/** Bytes of fields in one request, well within what the gateway and the upstreams take. */
const ONE_HEAD = 6_000;

/** The fields that decide what a message is, by the names that a program may read them under. */
const DECISIVE = [
  ...['Content-Length', 'Content-Type', 'Content-Encoding', 'Transfer-Encoding', 'Content-Range', 'Proxy-Connection'],
  ...['Keep-Alive', 'Trailer', 'TE', 'Upgrade', 'Expect', 'Host', 'Connection', 'HTTP2-Settings', 'Authorization'],
  ...['Proxy-Authorization', 'Cookie', 'Origin', 'X-User-Id', 'X-User-Email', 'X-Request-Id', 'X-Forwarded-For'],
  ...['X-Forwarded-Proto', 'X-Forwarded-Host', 'Forwarded', 'X-Real-IP', 'Script-Name', 'Path-Info', 'Remote-User'],
  ...['X-Remote-User', 'X-Script-Name', 'Client-IP', 'True-Client-IP', 'CF-Connecting-IP', 'X-Client-IP'],
  ...['X-Cluster-Client-IP', 'X-Original-Host', 'X-Host', 'X-Scheme', 'X-Url-Scheme', 'Front-End-Https'],
  ...['X-Original-URL', 'X-Rewrite-URL', 'X-Forwarded-Prefix', 'Traceparent', 'Via', 'Max-Forwards'],
];

/** All spellings of a name but its own. */
function lookAlikes(name: string): string[] {
  const words = name.split('-');
  const joined = SEPARATORS.flatMap((separator) => [
    words.join(separator),
    words.join(`-${separator}`),
    `${separator}${name}`,
    `${name}${separator}`,
    words.map((word, i) => word + (i === words.length - 1 ? '' : i % 2 === 0 ? separator : '-')).join(''),
  ]);
  const prefixed = [`HTTP_${name}`, `HTTP-${name}`, `http_${words.join('_')}`, `HTTP_HTTP_${words.join('_')}`];
  return [...new Set([...joined, ...prefixed])].filter((spelling) => spelling.toLowerCase() !== name.toLowerCase());
}

/** What a program makes of a name that sees letters and digits alone, and forgets what CGI has put before it. */
function asVariable(name: string): string {
  const variable = name.toUpperCase().replace(/[^A-Z0-9]+/g, '_');
  return variable.replace(/^_|_$/g, '').replace(/^(?:HTTP_)+(?=[A-Z0-9])/, '');
}

const VARIABLES = new Set([...LISTED, ...DECISIVE].map(asVariable));

/** The names of what has passed as a variable that decides something, without being that field. */
function forgeriesIn(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter(
    (name, i) => i % 2 === 0 && VARIABLES.has(asVariable(name)) && /[^a-z0-9-]|^-|-$|--|^http-/i.test(name),
  );
}

/** All look-alikes, as many to a request as fit. */
function heads(names: readonly string[]): string[][] {
  const all: string[][] = [[]];
  let size = 0;
  for (const name of names.flatMap(lookAlikes)) {
    const line = `${name}: 0`;
    size += line.length + 2;
    if (size > ONE_HEAD) {
      all.push([]);
      size = line.length + 2;
    }
    all.at(-1)?.push(line);
  }
  return all;
}

async function assertNoForgery(t: ExecutionContext, port: number, seen: { rawHeaders: readonly string[] }[]) {
  const lines = heads(DECISIVE);
  for (const head of lines) {
    const answer = await rawExchange(
      port,
      message(
        [
          ...['POST /api/v1/o HTTP/1.1', 'Host: a', authorization(ADA), 'Connection: close'],
          ...head,
          'Content-Length: 5',
        ],
        'hello',
      ),
    );
    t.is(statusOf(answer), 200);
  }
  t.is(seen.length, lines.length);
  for (const { rawHeaders } of seen) {
    t.deepEqual(forgeriesIn(rawHeaders), []);
    const values = (name: string) =>
      rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name);
    t.deepEqual(values('x-user-id'), ['1']);
    t.deepEqual(values('content-length'), ['5']);
  }
}

overAll('no look-alike of a field that frames, routes or identifies reaches the upstream', async (t, over) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    listen: listenOver(over),
    routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url, ...routeOver(over), passAuthorization: true }],
  });
  await assertNoForgery(t, gateway.port, upstream.seen);
});

test('no look-alike reaches a WebSocket upstream with a handshake', async (t) => {
  const upstream = await webSocketUpstream(t);
  const gateway = await testGateway(t, { routes: [{ name: 'w', path: '/api/v1/w', upstream: upstream.url }] });
  const lines = heads([...DECISIVE, 'Sec-WebSocket-Key', 'Sec-WebSocket-Protocol', 'Sec-WebSocket-Version']);
  for (const head of lines) {
    const client = await rawClient(gateway.port);
    client.send(message(['GET /api/v1/w HTTP/1.1', 'Host: a', authorization(ADA), ...HANDSHAKE, ...head]));
    t.is(statusOf(await client.until(/\r\n\r\n/)), 101);
    client.socket.destroy();
  }
  t.is(upstream.seen.length, lines.length);
  for (const { rawHeaders, values } of upstream.seen) {
    t.deepEqual(forgeriesIn(rawHeaders), []);
    t.deepEqual(values('x-user-id'), ['1']);
  }
});

test('no look-alike reaches an HTTP/2 upstream', async (t) => {
  const upstream = await http2Upstream(t, 'http');
  const gateway = await testGateway(t, {
    upstreams: { h2: { servers: [upstream.url], http2: true } },
    routes: [{ name: 'o', path: '/api/v1/o', upstream: 'h2' }],
  });
  for (const head of heads(DECISIVE)) {
    const lines = ['GET /api/v1/o HTTP/1.1', 'Host: a', authorization(ADA), 'Connection: close', ...head];
    t.is(statusOf(await rawExchange(gateway.port, message(lines))), 200);
  }
  t.true(upstream.seen.length > 0);
  for (const fields of upstream.seen) t.deepEqual(forgeriesIn(Object.keys(fields).flatMap((name) => [name, ''])), []);
});

test('a look-alike is never taken for the field by the gateway itself', async (t) => {
  const upstream = await httpUpstream(t, (req, res) => {
    let body = '';
    req.on('data', (chunk: Buffer) => {
      body += chunk.toString('latin1');
    });
    req.on('end', () => res.end(body));
  });
  const gateway = await testGateway(t, { routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url }] });
  for (const separator of SEPARATORS.slice(1)) {
    const spelled = (name: string) => name.replaceAll('-', separator);
    const refused = await rawExchange(
      gateway.port,
      message(['GET /api/v1/o HTTP/1.1', 'Host: a', `${separator}${authorization(ADA)}`, 'Connection: close']),
    );
    t.is(statusOf(refused), 401, separator);
    const taken = await rawExchange(
      gateway.port,
      message(
        [
          ...['POST /api/v1/o HTTP/1.1', 'Host: a', authorization(ADA), 'Connection: close', 'Content-Length: 5'],
          ...[`${spelled('Content-Length')}: 0`, `${spelled('Transfer-Encoding')}: chunked`],
          ...[`${separator}Host: b`, `Expect${separator}: 200-ok`, `${spelled('X-Request-Id')}: forged`],
        ],
        'hello',
      ),
    );
    t.is(statusOf(taken), 200, separator);
    t.true(taken.endsWith('hello'), separator);
  }
  t.is(upstream.seen.length, SEPARATORS.length - 1);
  t.false(upstream.seen.some(({ rawHeaders }) => rawHeaders.includes('forged')));
});

test('a name that only begins like a listed one passes as it is', (t) => {
  for (const name of [
    'x-username-hint',
    'contents',
    'x-userland',
    'proxyless',
    'remoteness',
    'secret',
    'http-referer',
  ]) {
    t.is(treatmentOf(name.replace('http-', '')), 'pass', name);
  }
});
