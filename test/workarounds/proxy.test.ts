import { once } from 'node:events';
import http, { type ClientRequest } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { beforeProxyListeners } from '../../gateway/workarounds/proxy-listeners.ts';

// A test that fails here after an update says that http-proxy-middleware has changed: the workaround may go, or must be
// written anew.

test('http-proxy-middleware writes the refusal of a handshake to the client, unless beforeProxyListeners keeps it', async (t) => {
  const upstream = http.createServer();
  upstream.on('upgrade', (_req, socket) =>
    socket.end('HTTP/1.1 403 Forbidden\r\nX-Secret: 1\r\nContent-Length: 0\r\n\r\n'),
  );
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  t.teardown(() => upstream.close());
  const answerWith = async (mayPass: (() => boolean) | null) => {
    const proxy = createProxyMiddleware({
      target: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
      ejectPlugins: true,
      plugins: [
        (server) => {
          server.on('proxyReqWs', (proxyReq: ClientRequest, _req, socket) => {
            t.is(proxyReq.listenerCount('response') + proxyReq.listenerCount('upgrade'), 0);
            if (mayPass === null) return;
            beforeProxyListeners(proxyReq, 'response', () => {
              socket.end('kept');
              return mayPass();
            });
          });
        },
      ],
    });
    const gateway = http.createServer();
    gateway.on('upgrade', (req, socket, head) => proxy.upgrade(req, socket as net.Socket, head));
    gateway.listen(0, '127.0.0.1');
    await once(gateway, 'listening');
    t.teardown(() => gateway.close());
    const client = net.connect((gateway.address() as AddressInfo).port, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    return await text(client);
  };
  t.regex(await answerWith(null), /403 Forbidden[\s\S]*x-secret/i);
  t.is(await answerWith(() => false), 'kept');
});
