import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { ADA, basic, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { rawClient, statusOf } from '../support/http/raw.ts';
import { HANDSHAKE, type WebSocketUpstream, webSocketUpstream } from '../support/http/websocket.ts';

const PAGE = 'https://app.example.com';
const CORS = { origins: [PAGE, 'https://*.pages.example.com'] };

interface Place {
  readonly gateway: TestGateway;
  readonly upstream: WebSocketUpstream;
  readonly token: string;
  /** Sends a handshake. @returns its answer */
  shake(path: string, ...fields: string[]): Promise<string>;
}

async function place(t: ExecutionContext): Promise<Place> {
  const upstream = await webSocketUpstream(t);
  const gateway = await testGateway(t, {
    routes: [
      { name: 'ws', path: '/api/v1/ws', upstream: upstream.url, cors: CORS, websocketToken: true },
      {
        ...{ name: 'key', path: '/api/v1/key', upstream: upstream.url, cors: CORS, websocketToken: true },
        credentials: ['bearer', 'api-key'],
      },
      { name: 'plain', path: '/api/v1/plain', upstream: upstream.url, cors: CORS },
      { name: 'open', path: '/open', auth: 'none', upstream: upstream.url },
    ],
  });
  return {
    gateway,
    upstream,
    token: await gateway.token(),
    async shake(path, ...fields) {
      const client = await rawClient(gateway.port);
      t.teardown(() => client.socket.destroy());
      client.send(`${[`GET ${path} HTTP/1.1`, 'Host: a', ...HANDSHAKE, ...fields].join('\r\n')}\r\n\r\n`);
      return await client.until(/\r\n\r\n(?:\{.*\}|$)/);
    },
  };
}

const protocol = (...entries: string[]) => `Sec-WebSocket-Protocol: ${entries.join(', ')}`;
const entry = (token: string) => `gatehouse.bearer.${token}`;
const FROM_PAGE = `Origin: ${PAGE}`;

test('a token among the protocols proves the account, and the upstream and the client see none of it', async (t) => {
  const { gateway, upstream, token, shake } = await place(t);
  for (const fields of [
    [protocol('chat', entry(token))],
    [protocol(entry(token), 'chat')],
    [protocol(entry(token)), protocol('chat')],
    [`Sec-WebSocket-Protocol:chat,,${entry(token)} ,`],
  ]) {
    const answer = await shake('/api/v1/ws', ...fields, FROM_PAGE);
    t.is(statusOf(answer), 101, answer);
    t.regex(answer, /\r\nsec-websocket-protocol: chat\r\n/i);
    t.notRegex(answer, /eyJ/);
    const seen = upstream.seen.at(-1);
    t.deepEqual(seen?.values('sec-websocket-protocol'), ['chat']);
    t.deepEqual(seen?.values('x-user-id'), ['1']);
    t.notRegex(JSON.stringify(seen?.rawHeaders), /eyJ/);
  }
  t.is(statusOf(await shake('/api/v1/ws', protocol('chat', entry(token)), 'Origin: https://a.pages.example.com')), 101);
  t.notRegex(JSON.stringify(gateway.log), /eyJ/);
});

test('a token that is wrong, revoked or missing is a 401 with the challenge for a Bearer token', async (t) => {
  const { gateway, upstream, token, shake } = await place(t);
  const challenge = /^www-authenticate: Bearer realm="api", error="invalid_token"\r$/im;
  for (const wrong of ['', 'x', `${token}x`, 'a b']) {
    const answer = await shake('/api/v1/ws', protocol('chat', entry(wrong)), FROM_PAGE);
    t.is(statusOf(answer), 401, wrong);
    t.regex(answer, challenge);
  }
  t.is(statusOf(await shake('/api/v1/ws', protocol('chat'), FROM_PAGE)), 401);
  await fetch(`${gateway.url}/api/v1/tokens/current`, {
    method: 'DELETE',
    headers: { Authorization: `Bearer ${token}` },
  });
  t.is(statusOf(await shake('/api/v1/ws', protocol('chat', entry(token)), FROM_PAGE)), 401);
  t.deepEqual(upstream.seen, []);
});

test('two credentials at once, and a token without another protocol, are refused', async (t) => {
  const { upstream, token, shake } = await place(t);
  const both = protocol('chat', entry(token));
  for (const [path, message, ...fields] of [
    ['/api/v1/ws', 'Authorization and a token', both, `Authorization: Bearer ${token}`],
    ['/api/v1/ws', 'Authorization and a token', both, `Authorization: ${basic(ADA)}`],
    ['/api/v1/key', 'X-API-Key and a token', both, `X-API-Key: ${token}`],
    ['/api/v1/ws', 'more than one token', protocol('chat', entry(token), entry('x'))],
    ['/api/v1/ws', 'more than one token', both, protocol(entry(token))],
    ['/api/v1/ws', 'must name another protocol', protocol(entry(token))],
  ] as const) {
    const answer = await shake(path, ...fields, FROM_PAGE);
    t.is(statusOf(answer), 400, answer);
    t.true(answer.includes(message), message);
  }
  t.deepEqual(upstream.seen, []);
  // Another program's field where the route takes no API key.
  t.is(statusOf(await shake('/api/v1/ws', both, 'X-API-Key: of the application', FROM_PAGE)), 101);
});

test('only pages of the origins that the route names may send a token so', async (t) => {
  const { upstream, token, shake } = await place(t);
  const both = protocol('chat', entry(token));
  for (const origin of [
    ...['https://evil.example.com', 'http://app.example.com', 'https://pages.example.com', 'null', '*'],
    ...['https://app.example.com.evil.net', 'http://a'],
  ]) {
    t.is(statusOf(await shake('/api/v1/ws', both, `Origin: ${origin}`)), 403, origin);
  }
  t.is(statusOf(await shake('/api/v1/ws', both)), 403);
  t.deepEqual(upstream.seen, []);
});

test('where the option is off, a token among the protocols counts for nothing and is passed to nobody', async (t) => {
  const { upstream, token, shake } = await place(t);
  const both = protocol('chat', entry(token));
  t.is(statusOf(await shake('/api/v1/plain', both, FROM_PAGE)), 401);
  t.is(statusOf(await shake('/api/v1/plain', both, `Authorization: ${basic(ADA)}`, FROM_PAGE)), 101);
  t.deepEqual(upstream.seen.at(-1)?.values('sec-websocket-protocol'), ['chat']);
  for (const written of [entry(token), `Gatehouse.BEARER.${token}`]) {
    t.is(statusOf(await shake('/open', protocol('a', written, 'b'))), 101);
    t.deepEqual(upstream.seen.at(-1)?.values('sec-websocket-protocol'), ['a, b']);
    t.is(statusOf(await shake('/open', protocol(written))), 101);
    t.deepEqual(upstream.seen.at(-1)?.values('sec-websocket-protocol'), []);
  }
});

test('a request that is no handshake is not authenticated by it', async (t) => {
  const { gateway, token, upstream } = await place(t);
  const http = await httpUpstream(t);
  const client = await rawClient(gateway.port);
  const lines = ['GET /api/v1/ws HTTP/1.1', 'Host: a', protocol('chat', entry(token)), FROM_PAGE, 'Connection: close'];
  client.send(`${lines.join('\r\n')}\r\n\r\n`);
  t.is(statusOf(await client.ended()), 401);
  t.deepEqual([...upstream.seen, ...http.seen], []);
});

test('an upstream that selects a token as its protocol is a bad gateway', async (t) => {
  const upstream = await webSocketUpstream(t, { handleProtocols: () => entry('x') });
  const gateway = await testGateway(t, {
    routes: [{ name: 'open', path: '/open', auth: 'none', upstream: upstream.url }],
  });
  const client = await rawClient(gateway.port);
  client.send(`${['GET /open HTTP/1.1', 'Host: a', ...HANDSHAKE, protocol('chat')].join('\r\n')}\r\n\r\n`);
  t.is(statusOf(await client.until(/\r\n\r\n/)), 502);
  client.socket.destroy();
  await once(client.socket, 'close');
});
