import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import type { WebSocket } from 'ws';
import { ADA, basic, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { holds } from '../lab/waiting/condition.ts';
import { echoed, type WebSocketUpstream, webSocketTo, webSocketUpstream } from '../support/http/websocket.ts';
import { issueToken } from '../support/owners/issued-token.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

/** Milliseconds within which a connection under a void token is closed. */
const PROMISED = 5_000;
const POLICY_VIOLATION = 1008;
/** What the log says of one. */
const ENDED = 'the credentials became void meanwhile: token revoked';

test('a WebSocket whose token is revoked is closed with 1008 within five seconds, one under a password goes on', async (t) => {
  const { gateway, upstream } = await setUp(t);
  const token = await issueToken(gateway.url);
  const voided = await webSocketTo(t, `${gateway.url}/api/v1/ws`, token);
  const other = await webSocketTo(t, `${gateway.url}/api/v1/ws`, await issueToken(gateway.url));
  const byPassword = await webSocketTo(t, `${gateway.url}/api/v1/ws`, { authorization: basic(ADA) });
  for (const socket of [voided, other, byPassword]) await echoed(socket, 'before');

  const closing = closed(voided);
  await token.revoke();
  t.is((await closing).code, POLICY_VIOLATION);
  t.true((await closing).after < PROMISED);
  await holds('the upstream is left', () => upstream.sockets[0]?.readyState === 3);
  for (const socket of [other, byPassword]) t.is((await echoed(socket, 'after')).data.toString(), 'after');
  const { status, error } = await gateway.logged(({ detail }) => detail === ENDED);
  t.deepEqual([status, error], [101, 'unauthorized']);
});

test('a WebSocket whose token expires is closed with 1008 within five seconds', async (t) => {
  const { gateway } = await setUp(t);
  const socket = await webSocketTo(t, `${gateway.url}/api/v1/ws`, await issueToken(gateway.url, 2));
  await echoed(socket, 'before');
  const { code, after } = await closed(socket);
  t.is(code, POLICY_VIOLATION);
  t.true(after < 2_000 + PROMISED, `${after} ms`);
});

test('the tokens of an account that is voided as a whole end all of its WebSockets, and only those', async (t) => {
  const { gateway } = await setUp(t);
  const tokens = await Promise.all([issueToken(gateway.url), issueToken(gateway.url)]);
  const sockets = await Promise.all(tokens.map((token) => webSocketTo(t, `${gateway.url}/api/v1/ws`, token)));
  const byPassword = await webSocketTo(t, `${gateway.url}/api/v1/ws`, { authorization: basic(ADA) });
  const closing = Promise.all(sockets.map(closed));
  const answer = await fetch(`${gateway.url}/api/v1/tokens/`, {
    method: 'DELETE',
    headers: { Authorization: basic(ADA) },
  });
  t.is(answer.status, 204);
  for (const { code } of await closing) t.is(code, POLICY_VIOLATION);
  t.is((await echoed(byPassword, 'after')).data.toString(), 'after');
});

test('a message under way to the client arrives whole before the end', async (t) => {
  const { gateway, upstream } = await setUp(t);
  const token = await issueToken(gateway.url);
  const socket = await webSocketTo(t, `${gateway.url}/api/v1/ws`, token);
  const received: number[] = [];
  socket.on('message', (data: Buffer) => received.push(data.length));
  const closing = closed(socket);
  // Again and again a message of a few megabytes, so that the end finds one of them under way.
  const [far] = upstream.sockets;
  const message = Buffer.alloc(3_000_000, 'm');
  const sending = setInterval(() => {
    if (far?.readyState === 1 && far.bufferedAmount < message.length) far.send(message);
  }, 1);
  t.teardown(() => clearInterval(sending));
  await holds('messages arrive', () => received.length > 3);
  await token.revoke();
  t.is((await closing).code, POLICY_VIOLATION);
  t.deepEqual([...new Set(received)], [message.length]);
});

test('a client that never answers the Close frame keeps no connection', async (t) => {
  const { gateway, upstream } = await setUp(t);
  const token = await issueToken(gateway.url);
  const socket = await webSocketTo(t, `${gateway.url}/api/v1/ws`, token);
  socket.pause();
  await token.revoke();
  await t.notThrowsAsync(holds('the upstream is left', () => upstream.sockets[0]?.readyState === 3, PROMISED));
  // The line is written when the client's connection is gone, too.
  t.is((await gateway.logged(({ detail }) => detail === ENDED)).status, 101);
});

async function setUp(t: ExecutionContext): Promise<{ gateway: TestGateway; upstream: WebSocketUpstream }> {
  const upstream = await webSocketUpstream(t);
  const gateway = await testGateway(t, {
    routes: [{ name: 'ws', path: '/api/v1/ws', upstream: upstream.url }],
  });
  return { gateway, upstream };
}

/** @returns the code with which it was closed, and after how many milliseconds */
async function closed(socket: WebSocket): Promise<{ code: number; after: number }> {
  const start = performance.now();
  const [code] = (await once(socket, 'close')) as [number];
  return { code, after: performance.now() - start };
}
