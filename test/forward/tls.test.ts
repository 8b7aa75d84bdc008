import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setDefaultCACertificates, type TLSSocket } from 'node:tls';
import type { ExecutionContext } from 'ava';
import { testGateway } from '../lab/gateways/gateway.ts';
import { SELF_SIGNED } from '../lab/upstreams/self-signed.ts';
import { listenOver, overAll, requestText, routeOver } from '../support/gateways/forwarding.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';
import { HANDSHAKE } from '../support/http/websocket.ts';

// For this file's thread alone, and not for connections that are open already.
setDefaultCACertificates([SELF_SIGNED.cert]);

/** A server for `localhost` and 127.0.0.1 that notes the name in each TLS handshake and the `Host` of each request. */
async function tlsUpstream(t: ExecutionContext) {
  const seen: { serverName: string | false | null; host: string | undefined }[] = [];
  const server = createServer(SELF_SIGNED, (req, res) => {
    seen.push({
      serverName: (req.socket as TLSSocket & { servername: string | false }).servername,
      host: req.headers.host,
    });
    res.end('ok');
  });
  server.on('upgrade', (req, socket) => {
    seen.push({
      serverName: (socket as TLSSocket & { servername: string | false }).servername,
      host: req.headers.host,
    });
    socket.end('HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, seen };
}

for (const [host, serverName] of [
  ['localhost', 'localhost'],
  ['127.0.0.1', false],
] as const) {
  overAll(`the client's Host reaches an upstream at ${host}, but does not choose the certificate`, async (t, over) => {
    const upstream = await tlsUpstream(t);
    const gateway = await testGateway(t, {
      listen: listenOver(over),
      routes: [
        {
          name: 's',
          path: '/s',
          upstream: `https://${host}:${upstream.port}`,
          auth: 'none',
          preserveHost: true,
          ...routeOver(over),
        },
      ],
    });
    t.is(statusOf(await rawExchange(gateway.port, requestText('GET /s', ['Connection: close']))), 200);
    t.is(statusOf(await rawExchange(gateway.port, requestText('GET /s', HANDSHAKE))), 403);
    t.deepEqual(upstream.seen, [
      { serverName, host: 'gateway.test' },
      { serverName, host: 'gateway.test' },
    ]);
  });
}
