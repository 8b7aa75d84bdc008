import type { RequestListener } from 'node:http';
import type { ServerOptions } from 'node:https';
import type { TLSSocket } from 'node:tls';
import test from 'ava';
import type { Scope } from '../lab/scope.ts';
import { SELF_SIGNED } from '../lab/upstreams/self-signed.ts';
import { tcpUpstream } from '../lab/upstreams/upstream.ts';
import { overAll, requestText, type Transport } from '../support/gateways/forwarding.ts';
import { groupGateway } from '../support/gateways/group.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';
import { HANDSHAKE } from '../support/http/websocket.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';
import { httpsUpstream } from '../support/upstreams/https-upstream.ts';
import { NAME_ONLY } from '../support/upstreams/name-only-certificate.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

/** A server at 127.0.0.1 that refuses handshakes with 403, and notes the name and the certificate it is shown. */
async function tlsUpstream(t: Scope, options: ServerOptions) {
  const seen: { name: string | false; subject: string | undefined }[] = [];
  const note = (socket: unknown) => {
    const { servername, getPeerCertificate } = socket as TLSSocket & { servername: string | false };
    const subject = getPeerCertificate.call(socket)?.subject?.CN;
    seen.push({ name: servername, subject: subject === undefined ? undefined : String(subject) });
  };
  const answer: RequestListener = (req, res) => {
    note(req.socket);
    res.end('ok');
  };
  const { url, server } = await httpsUpstream(t, answer, options);
  server.on('upgrade', (req, socket) => {
    note(req.socket);
    socket.end('HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });
  return { url, seen };
}

/** What a request and a WebSocket handshake come to. */
async function exchanges(
  t: Parameters<typeof groupGateway>[0],
  url: string,
  tls: Record<string, string>,
  over: Transport,
): Promise<{ statuses: number[]; detail: string }> {
  const gateway = await groupGateway(t, { servers: [url], tls }, { over });
  const statuses = [
    statusOf(await rawExchange(gateway.port, requestText('GET /s', ['Connection: close']))),
    statusOf(await rawExchange(gateway.port, requestText('GET /s', HANDSHAKE))),
  ];
  const line = await gateway.logged(({ route }) => route === 's');
  return { statuses, detail: String(line.detail) };
}

overAll('the authorities of the group vouch for its servers, and no others do', async (t, over) => {
  const upstream = await tlsUpstream(t, SELF_SIGNED);
  t.deepEqual((await exchanges(t, upstream.url, { ca: SELF_SIGNED.cert }, over)).statuses, [200, 403]);
  for (const tls of [{}, { ca: NAME_ONLY.cert }]) {
    const { statuses, detail } = await exchanges(t, upstream.url, tls, over);
    t.deepEqual(statuses, [502, 502]);
    t.regex(detail, /DEPTH_ZERO_SELF_SIGNED_CERT/);
  }
  t.is(upstream.seen.length, 2);
});

overAll(
  'the certificate must have the serverName of the group, which is what the server is asked for',
  async (t, over) => {
    const upstream = await tlsUpstream(t, NAME_ONLY);
    const ca = NAME_ONLY.cert;
    const named = await exchanges(t, upstream.url, { ca, serverName: 'localhost' }, over);
    t.deepEqual(named.statuses, [200, 403]);
    t.deepEqual(
      upstream.seen.map(({ name }) => name),
      ['localhost', 'localhost'],
    );
    for (const tls of [{ ca }, { ca, serverName: 'orders.internal' }]) {
      const { statuses, detail } = await exchanges(t, upstream.url, tls, over);
      t.deepEqual(statuses, [502, 502]);
      t.regex(detail, /ERR_TLS_CERT_ALTNAME_INVALID/);
    }
    t.is(upstream.seen.length, 2, 'nothing was sent to a server of another name');
  },
);

overAll('a server that asks for a certificate is shown that of the group', async (t, over) => {
  const upstream = await tlsUpstream(t, {
    ...SELF_SIGNED,
    ca: NAME_ONLY.cert,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const ca = SELF_SIGNED.cert;
  const shown = await exchanges(t, upstream.url, { ca, certificate: NAME_ONLY.cert, key: NAME_ONLY.key }, over);
  t.deepEqual(shown.statuses, [200, 403]);
  t.deepEqual(
    upstream.seen.map(({ subject }) => subject),
    ['localhost', 'localhost'],
  );
  t.deepEqual((await exchanges(t, upstream.url, { ca }, over)).statuses, [502, 502]);
  t.is(upstream.seen.length, 2);
});

// CVE-2026-1642 (nginx): what came before the handshake was read as the answer.
overAll('plain text that a server sends before its handshake is no answer', async (t, over) => {
  const plain = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain';
  for (const atOnce of [true, false]) {
    const upstream = await tcpUpstream(t, (socket) => {
      if (atOnce) socket.write(plain);
      else socket.once('data', () => socket.write(plain));
    });
    const gateway = await groupGateway(
      t,
      { servers: [upstream.url.replace('http:', 'https:')], tls: { ca: SELF_SIGNED.cert }, retries: { attempts: 0 } },
      { over },
    );
    for (const fields of [['Connection: close'], HANDSHAKE]) {
      const answer = await rawExchange(gateway.port, requestText('GET /s', fields));
      t.is(statusOf(answer), 502);
      t.notRegex(answer, /plain/);
    }
  }
});
