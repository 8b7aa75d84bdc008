import { connect as connectTcp } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { requestText, valuesOf } from '../../support/gateways/forwarding.ts';
import { rawClient, rawExchange, statusOf } from '../../support/http/raw.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';
import { valuesOf as metricValues } from '../../support/reports/exposition.ts';
import { scrape } from '../../support/reports/scrape.ts';
import {
  ADMIN,
  AUTHORITY,
  CLIENT,
  EXPIRED_CLIENT,
  EXPIRED_SERVER,
  SERVER,
  STRANGER,
  WILDCARD,
} from '../../support/stores/certificates.ts';
import { entry, tlsClient, visit } from '../../support/tls/tls-visit.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

/** A gateway over TLS with an open route, `/s`, to an upstream that answers with the fields it got. */
async function tlsGateway(t: ExecutionContext, tls: unknown, more: Record<string, unknown> = {}): Promise<TestGateway> {
  const upstream = await httpUpstream(t, (req, res) => {
    req.resume();
    res.end(JSON.stringify(req.headers));
  });
  return await testGateway(t, {
    routes: [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none' }],
    ...more,
    listen: { tls, ...(more.listen as object | undefined) },
  });
}

/** Waits until a handshake with this result is counted. */
async function counted(gateway: TestGateway, result: string): Promise<void> {
  await holds(`a handshake is counted as ${result}`, async () => {
    const values = metricValues(await scrape(gateway), 'gatehouse_tls_handshakes_total');
    return Object.entries(values).some(([labels, value]) => labels.includes(`"${result}"`) && value > 0);
  });
}

test('a request over TLS reaches the upstream, which is told https, and is answered with HSTS', async (t) => {
  const gateway = await tlsGateway(t, entry(SERVER), { listen: { hsts: '1d' } });
  t.regex(gateway.url, /^https:/);
  const { answer, protocol } = await visit(gateway.port);
  t.is(statusOf(answer), 200);
  t.regex(answer, /"x-forwarded-proto":"https"/);
  t.deepEqual(valuesOf(answer, 'strict-transport-security'), ['max-age=86400']);
  t.is(protocol, 'TLSv1.3');
  await counted(gateway, 'full');
});

test('a client that is no trusted proxy cannot say http, and a trusted one can', async (t) => {
  for (const [trustedProxies, told] of [
    [[], 'https'],
    [['127.0.0.1'], 'http'],
  ] as const) {
    const { port } = await tlsGateway(t, entry(SERVER), { trustedProxies });
    const client = tlsClient(port).setEncoding('latin1');
    let answer = '';
    client.on('data', (text: string) => {
      answer += text;
    });
    client.write(requestText('GET /s', ['X-Forwarded-Proto: http', 'Connection: close']));
    await new Promise((resolve) => client.once('close', resolve));
    t.true(answer.includes(`"x-forwarded-proto":"${told}"`), answer);
  }
});

test('the cookies of the pages are Secure without `pages.url`', async (t) => {
  const { port } = await tlsGateway(t, entry(SERVER));
  const client = tlsClient(port).setEncoding('latin1');
  let answer = '';
  client.on('data', (text: string) => {
    answer += text;
  });
  client.write(requestText('GET /account/login', ['Accept: text/html', 'Connection: close']));
  await new Promise((resolve) => client.once('close', resolve));
  t.is(statusOf(answer), 200);
  t.regex(valuesOf(answer, 'set-cookie').join(), /^__Host-.*; secure/i);
});

test('the name that a client asks for chooses the certificate: an exact name, a wildcard, else the first', async (t) => {
  const { port } = await tlsGateway(t, [entry(SERVER), entry(WILDCARD), entry(ADMIN)]);
  const shown = async (servername: string) => (await visit(port, { servername, rejectUnauthorized: false })).shown;
  t.is(await shown('shop.test'), 'shop.test');
  t.is(await shown('a.SHOP.test'), 'shop.test');
  t.is(await shown('admin.shop.test'), 'admin.shop.test');
  t.is(await shown('a.b.shop.test'), 'db.test');
  t.is(await shown('unknown.test'), 'db.test');
  t.is(await shown('localhost'), 'db.test');
  t.is(await shown(''), 'db.test');
  t.is(await shown(`${'x'.repeat(60)}.`.repeat(4)), 'db.test');
});

test('a session goes on with its ticket, under each certificate, and after a reload', async (t) => {
  const gateway = await tlsGateway(t, [entry(SERVER), entry(ADMIN)]);
  for (const options of [{}, { servername: 'admin.shop.test' }, { maxVersion: 'TLSv1.2' as const }]) {
    const { session } = await visit(gateway.port, options);
    t.true((await visit(gateway.port, { ...options, session })).isResumed, JSON.stringify(options));
  }
  const { session } = await visit(gateway.port);
  await gateway.reload({ listen: { port: 0, tls: [entry(WILDCARD), entry(SERVER)] } });
  t.true((await visit(gateway.port, { session })).isResumed);
  await counted(gateway, 'resumed');
});

test('with `clientCa` no session goes on: its certificate would not be verified again, although it may have expired', async (t) => {
  const gateway = await tlsGateway(t, entry(SERVER));
  const { session: withoutCertificate } = await visit(gateway.port);
  await gateway.reload({ listen: { port: 0, tls: entry(SERVER, { clientCa: AUTHORITY.cert }) } });
  t.is((await visit(gateway.port, { session: withoutCertificate })).answer, '');
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const options = { ...CLIENT, maxVersion };
    const { session, answer } = await visit(gateway.port, options);
    t.not(answer, '');
    const again = await visit(gateway.port, { ...options, session });
    t.false(again.isResumed, maxVersion);
    t.not(again.answer, '');
  }
});

test('TLS before `minVersion` is refused', async (t) => {
  const usual = await tlsGateway(t, entry(SERVER));
  t.is((await visit(usual.port, { maxVersion: 'TLSv1.2' })).protocol, 'TLSv1.2');
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  t.is((await visit(usual.port, old)).error, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  const strict = await tlsGateway(t, entry(SERVER, { minVersion: '1.3' }));
  t.is((await visit(strict.port, { maxVersion: 'TLSv1.2' })).error, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  t.is((await visit(strict.port)).protocol, 'TLSv1.3');
  await counted(strict, 'refused');
});

test('without forward secrecy there is no connection', async (t) => {
  const { port } = await tlsGateway(t, entry(SERVER));
  const { answer, error } = await visit(port, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' });
  t.is(answer, '');
  t.regex(error ?? '', /HANDSHAKE_FAILURE/);
});

test('of the protocols that a client offers, http/1.1 is chosen, and others alone are refused', async (t) => {
  const { port } = await tlsGateway(t, entry(SERVER));
  t.is((await visit(port, { ALPNProtocols: ['h2', 'http/1.1'] })).alpn, 'http/1.1');
  t.is((await visit(port)).alpn, false);
  t.regex((await visit(port, { ALPNProtocols: ['h2'] })).error ?? '', /NO_APPLICATION_PROTOCOL/);
});

test('with `clientCa`, only a client with a valid certificate of it is served, and the log says why others are not', async (t) => {
  const gateway = await tlsGateway(t, entry(SERVER, { clientCa: AUTHORITY.cert }));
  t.is(statusOf((await visit(gateway.port, CLIENT)).answer), 200);
  for (const options of [{}, STRANGER, EXPIRED_CLIENT]) {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      t.is((await visit(gateway.port, { ...options, maxVersion })).answer, '');
    }
  }
  await counted(gateway, 'client_certificate');
  const line = await gateway.logged(({ msg }) => msg === 'TLS handshake failed');
  t.regex(String(line.reason), /no certificate, which listen\.tls\.clientCa requires/);
  t.like(line, { fault: 'client', peer: '127.0.0.1' });
});

test('http on the port of https is a 400 in JSON without HSTS, and other bytes get no answer', async (t) => {
  const gateway = await tlsGateway(t, entry(SERVER), { listen: { hsts: '1d' } });
  const answer = await rawExchange(gateway.port, requestText('GET /s'));
  t.is(statusOf(answer), 400);
  t.regex(answer, /This port takes https only/);
  t.deepEqual(valuesOf(answer, 'strict-transport-security'), []);
  t.is(await rawExchange(gateway.port, '\0\0\0\0'), '');
  t.regex(await rawExchange(gateway.port, `\x16\x03\x01${'x'.repeat(40)}`), /^[^H]{0,10}$/);
  await counted(gateway, 'cleartext');
  t.is(
    gateway.log.filter(({ msg, reason }) => msg === 'TLS handshake failed' && reason === 'the client does not use TLS')
      .length,
    1,
  );
});

test('a handshake that is not finished in `timeouts.headers` is cut off: none of it, a byte of it, half of it', async (t) => {
  const gateway = await tlsGateway(t, entry(SERVER), { timeouts: { headers: '300ms' } });
  const hello = await helloOf(t);
  for (const bytes of ['', '\x16', hello.slice(0, hello.length / 2), hello]) {
    const client = await rawClient(gateway.port);
    client.send(bytes);
    await client.ending();
  }
  await counted(gateway, 'overdue');
  const line = await gateway.logged(({ reason }) => reason === 'the handshake was not finished in time');
  t.is(line.level, 40);
});

/** What a client of TLS sends first. */
async function helloOf(t: ExecutionContext): Promise<string> {
  const { createServer } = await import('node:net');
  const server = createServer();
  t.teardown(() => server.close());
  return await new Promise((resolve) => {
    server.on('connection', (socket) => {
      socket.once('data', (bytes) => {
        socket.destroy();
        resolve(bytes.toString('latin1'));
      });
    });
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      tlsClient(port).on('error', () => {});
    });
  });
}

test('clients that leave within a handshake, with or without a reset, harm nobody', async (t) => {
  const gateway = await tlsGateway(t, entry(SERVER));
  const hello = await helloOf(t);
  for (let cut = 0; cut < hello.length; cut += 40) {
    const [ending, reset] = [connectTcp(gateway.port, '127.0.0.1'), connectTcp(gateway.port, '127.0.0.1')];
    for (const socket of [ending, reset]) socket.on('error', () => {}).write(hello.slice(0, cut), 'latin1');
    ending.end();
    reset.once('connect', () => reset.resetAndDestroy());
  }
  t.is(statusOf((await visit(gateway.port)).answer), 200);
});

test('behind a PROXY header, the address in it is that of the client, and the connection is https', async (t) => {
  const gateway = await tlsGateway(t, entry(SERVER), {
    listen: { proxyProtocol: true },
    trustedProxies: ['127.0.0.1'],
  });
  const socket = connectTcp(gateway.port, '127.0.0.1');
  socket.write('PROXY TCP4 203.0.113.9 192.0.2.1 4000 443\r\n');
  const client = tlsClient(gateway.port, { socket }).setEncoding('latin1');
  let answer = '';
  client.on('data', (text: string) => {
    answer += text;
  });
  client.write(requestText('GET /s', ['Connection: close']));
  await new Promise((resolve) => client.once('close', resolve));
  t.regex(answer, /"x-forwarded-for":"203\.0\.113\.9"/);
  t.regex(answer, /"x-forwarded-proto":"https"/);
  t.is((await gateway.logged(({ path }) => path === '/s')).client, '203.0.113.9');
});

test('a handshake that comes in one piece with its PROXY header is answered', async (t) => {
  const gateway = await tlsGateway(t, entry(SERVER), {
    listen: { proxyProtocol: true },
    trustedProxies: ['127.0.0.1'],
  });
  const client = await rawClient(gateway.port);
  client.send(`PROXY TCP4 203.0.113.9 192.0.2.1 4000 443\r\n${await helloOf(t)}`);
  // The record type of a ServerHello.
  t.is((await client.until(/^./s)).charCodeAt(0), 0x16);
  client.socket.destroy();
});

test('a client cannot renegotiate', async (t) => {
  const { port } = await tlsGateway(t, entry(SERVER));
  const client = tlsClient(port, { maxVersion: 'TLSv1.2' });
  await new Promise((resolve) => client.once('secureConnect', resolve));
  const failure = await new Promise<Error | null>((resolve) => {
    client.on('error', resolve);
    client.on('close', () => resolve(new Error('closed')));
    client.renegotiate({}, resolve);
  });
  t.truthy(failure);
  client.destroy();
});

test('other certificates are for new connections; one that is open goes on, and its requests too', async (t) => {
  const gateway = await tlsGateway(t, entry(SERVER));
  const client = tlsClient(gateway.port).setEncoding('latin1');
  let answer = '';
  client.on('data', (text: string) => {
    answer += text;
  });
  client.write(requestText('GET /s'));
  await holds('the first request is answered', () => answer.includes('"x-request-id"'));
  await gateway.reload({ listen: { port: 0, tls: entry(WILDCARD) } });
  t.is((await visit(gateway.port, { servername: 'shop.test' })).shown, 'shop.test');
  answer = '';
  client.write(requestText('GET /s', ['Connection: close']));
  await new Promise((resolve) => client.once('close', resolve));
  t.is(statusOf(answer), 200);
});

test('an expired certificate is not taken over, the reason is said, and the old one stays', async (t) => {
  const gateway = await tlsGateway(t, entry(SERVER));
  const error = await t.throwsAsync(gateway.reload({ listen: { port: 0, tls: entry(EXPIRED_SERVER) } }));
  t.regex(error?.message ?? '', /^No change was applied: listen\.tls\[0\]\.certificate has expired on 2025-01-01\./);
  t.is(statusOf((await visit(gateway.port)).answer), 200);
});

test('a certificate that has expired while it was served does not hinder other changes', async (t) => {
  const gateway = await tlsGateway(t, entry(EXPIRED_SERVER));
  await t.notThrowsAsync(gateway.reload({ listen: { port: 0, hsts: '1d', tls: entry(EXPIRED_SERVER) } }));
});

test('from http to https, and back, it takes a restart', async (t) => {
  const gateway = await tlsGateway(t, entry(SERVER));
  const error = await t.throwsAsync(gateway.reload({ listen: { port: 0 } }));
  t.is(error?.message, 'No change was applied: listen.tls can only change with a restart.');
});

test('the metric has the time until each name expires, less than 0 for an expired one', async (t) => {
  const gateway = await tlsGateway(t, [entry(WILDCARD), entry(EXPIRED_SERVER)]);
  const values = metricValues(await scrape(gateway), 'gatehouse_certificate_expires_seconds');
  const of = (name: string) =>
    Object.entries(values).find(([labels]) => labels.includes(`"${name}"`))?.[1] ?? Number.NaN;
  t.true(of('*.shop.test') > 365 * 86_400);
  t.true(of('localhost') < 0);
});
