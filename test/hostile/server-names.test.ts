import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import test from 'ava';
import { testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { requestText } from '../support/gateways/forwarding.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';
import { AUTHORITY, CLIENT, SERVER, STRANGER, WILDCARD } from '../support/stores/certificates.ts';
import { entry } from '../support/tls/tls-visit.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

/** A transport that sends what is written in pieces of one byte, each a TLS record's fragment in a packet of its own. */
function byteByByte(socket: Socket): Duplex {
  socket.setNoDelay(true);
  const pieces = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      const next = (at: number) => {
        if (at === chunk.length) return done();
        socket.write(chunk.subarray(at, at + 1), () => setImmediate(next, at + 1));
      };
      next(0);
    },
    final(done) {
      socket.end();
      done();
    },
  });
  socket.on('data', (bytes: Buffer) => pieces.push(bytes));
  socket.on('close', () => pieces.push(null));
  return pieces;
}

/** The status of a request over TLS; null: the handshake or the connection failed. */
function statusOver(
  port: number,
  { servername, client, isSlow = false }: { servername?: string; client?: typeof CLIENT | undefined; isSlow?: boolean },
): Promise<number | null> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    const secured = connectTls({
      socket: isSlow ? byteByByte(socket) : socket,
      rejectUnauthorized: false,
      ...(servername !== undefined && { servername }),
      ...(client !== undefined && { cert: client.cert, key: client.key }),
    });
    let text = '';
    secured.setEncoding('latin1');
    secured.on('data', (chunk: string) => {
      text += chunk;
      const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
      if (status === undefined) return;
      resolve(Number(status));
      socket.destroy();
    });
    secured.on('error', () => {});
    secured.on('close', () => resolve(null));
    socket.on('close', () => resolve(null));
    secured.write(requestText('GET /s', ['Connection: close']));
  });
}

const NAMES = [
  ...[undefined, 'localhost', 'LOCALHOST', 'LocalHost', 'a.wild.example', 'A.WILD.EXAMPLE', 'unknown.example'],
  ...['x'.repeat(63), '_', '-', `${'a.'.repeat(100)}b`, 'xn--', 'a..b', '.', 'a.', '*.example', '%00', 'a_b.c'],
];

// CVE-2026-48928 (Node), CVE-2026-53622, CVE-2026-48491 and CVE-2026-32305 (Traefik): a name, or a handshake in pieces, chose weaker rules.
test('whatever name a client asks for, and in whatever pieces, it is not served without a certificate where one is required', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    listen: { tls: [SERVER, WILDCARD].map((pair) => ({ ...entry(pair), clientCa: AUTHORITY.cert })) },
    routes: [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none' }],
  });
  for (const servername of NAMES) {
    const name = servername === undefined ? {} : { servername };
    t.is(await statusOver(gateway.port, name), null, `${servername} without a certificate`);
    t.is(await statusOver(gateway.port, { ...name, client: STRANGER }), null, `${servername} with a strange one`);
  }
  t.is(upstream.seen.length, 0);
  for (const isSlow of [false, true]) {
    t.is(await statusOver(gateway.port, { servername: 'LOCALHOST', isSlow }), null);
    t.is(await statusOver(gateway.port, { servername: 'LOCALHOST', client: CLIENT, isSlow }), 200);
  }
});

// CVE-2026-21637 (Node): an exception of the function that chooses the certificate ended the process.
test('no name that a client asks for ends more than its connection', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    listen: { tls: [SERVER, WILDCARD].map((pair) => entry(pair)) },
    routes: [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none' }],
  });
  for (const servername of [
    ...NAMES,
    'é',
    'a b',
    '\u{1f600}',
    'a\tb',
    'x'.repeat(254),
    'x'.repeat(10_000),
    '127.0.0.1.',
  ]) {
    const status = await statusOver(gateway.port, servername === undefined ? {} : { servername }).catch(() => null);
    t.true(status === 200 || status === null, `${servername} ${status}`);
  }
  t.is(await statusOver(gateway.port, { servername: 'localhost' }), 200);
});
