import test from 'ava';
import { ADA, basic, testGateway } from '../lab/gateways/gateway.ts';
import { tcpUpstream } from '../lab/upstreams/upstream.ts';
import { rawClient } from '../support/http/raw.ts';

const SWITCHING =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';
const HELLO = Buffer.from([0x81, 5, ...Buffer.from('hello')]);

function handshake(authorization: string): string {
  return [
    'GET /api/v1/ws HTTP/1.1',
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `Authorization: ${authorization}`,
    '\r\n',
  ].join('\r\n');
}

test('a frame that the upstream sends together with its 101 arrives, under a password and under a token', async (t) => {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', () => socket.write(Buffer.concat([Buffer.from(SWITCHING), HELLO])));
  });
  const gateway = await testGateway(t, { routes: [{ name: 'ws', path: '/api/v1/ws', upstream: upstream.url }] });
  for (const authorization of [basic(ADA), `Bearer ${await gateway.token()}`]) {
    for (let i = 0; i < 10; i++) {
      const client = await rawClient(gateway.port);
      client.send(handshake(authorization));
      t.true((await client.until(/hello$/)).endsWith(`\r\n\r\n${HELLO.toString('latin1')}`));
      client.socket.destroy();
    }
  }
});

test('a tunnel that began with a frame in the same piece as the 101 can be ended between two frames', async (t) => {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', () => socket.write(Buffer.concat([Buffer.from(SWITCHING), HELLO])));
  });
  const gateway = await testGateway(t, { routes: [{ name: 'ws', path: '/api/v1/ws', upstream: upstream.url }] });
  const token = await gateway.token();
  const client = await rawClient(gateway.port);
  client.send(handshake(`Bearer ${token}`));
  await client.until(/hello$/);
  await fetch(`${gateway.url}/api/v1/tokens/current`, {
    method: 'DELETE',
    headers: { Authorization: `Bearer ${token}` },
  });
  // FIN and opcode 8, two bytes: 1008.
  t.true((await client.ended()).endsWith(`hello${Buffer.from([0x88, 2, 0x03, 0xf0]).toString('latin1')}`));
});

test('a WebSocket whose client has ended its half is over soon, though the upstream never ends its own', async (t) => {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.allowHalfOpen = true;
    socket.once('data', () => socket.write(SWITCHING));
  });
  const gateway = await testGateway(t, { routes: [{ name: 'ws', path: '/api/v1/ws', upstream: upstream.url }] });
  const client = await rawClient(gateway.port);
  client.send(handshake(basic(ADA)));
  await client.until(/\r\n\r\n$/);
  client.socket.end();
  await client.ended();
  t.is((await gateway.logged(({ route }) => route === 'ws')).status, 101);
});
