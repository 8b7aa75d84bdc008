import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { testGateway } from '../../lab/gateways/gateway.ts';
import { freePort } from '../../lab/processes/free-port.ts';
import type { Scope } from '../../lab/scope.ts';
import { SELF_SIGNED } from '../../lab/upstreams/self-signed.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { startHaproxy, startNginx } from '../../support/services/balancers.ts';

/** The client's address. The proxies connect from 127.0.0.1. */
const CLIENT = '127.0.0.2';
const TLS = { tls: { certificate: SELF_SIGNED.cert, key: SELF_SIGNED.key } };
const START_LIMIT = 30_000;

/** A gateway whose upstream answers with `X-Forwarded-For`. */
async function place(t: Scope, listen: object, trustedProxies = ['127.0.0.1']) {
  const upstream = await httpUpstream(t, (req, res) => void res.end(String(req.headers['x-forwarded-for'])));
  return await testGateway(t, {
    listen,
    trustedProxies,
    routes: [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none' }],
  });
}

/** Asks a port from the client's address, or a Unix socket. @returns the body; the code of the error where there is none */
function ask(where: number | string, isTls = false): Promise<string> {
  const to =
    typeof where === 'string' ? { socketPath: where } : { host: '127.0.0.1', port: where, localAddress: CLIENT };
  return new Promise((resolve) => {
    const options = { ...to, path: '/s', agent: false, ca: SELF_SIGNED.cert, servername: 'localhost' };
    (isTls ? httpsRequest : httpRequest)(options, async (answer) => {
      let body = '';
      for await (const piece of answer.setEncoding('utf8')) body += piece;
      resolve(body);
    })
      .on('error', ({ code }: NodeJS.ErrnoException) => resolve(String(code)))
      .end();
  });
}

async function answers(where: number | string, isTls = false): Promise<void> {
  await holds(`${where} answers`, async () => !/^E/.test(await ask(where, isTls)), START_LIMIT);
}

const warnings = (gateway: { readonly log: readonly Record<string, unknown>[] }) =>
  gateway.log.filter(({ level }) => Number(level) >= 40);

test('HAProxy sends the client by both versions, in front of http and TLS, and its checks pass', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-haproxy-client-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const [clear, secure] = [await place(t, { proxyProtocol: true }), await place(t, { proxyProtocol: true, ...TLS })];
  const [v1, v2, tls] = [await freePort(), await freePort(), await freePort()];
  const unix = join(folder, 'client.sock');
  const listen = (name: string, bind: string, port: number, options: string) =>
    `listen ${name}\n  mode tcp\n  bind ${bind}\n  server g 127.0.0.1:${port} check inter 50ms ${options}\n`;
  await startHaproxy(
    t,
    listen('v1', `127.0.0.1:${v1}`, clear.port, 'send-proxy') +
      listen('v2', `127.0.0.1:${v2}`, clear.port, 'send-proxy-v2 proxy-v2-options crc32c,unique-id,ssl,cert-cn') +
      listen('tls', `127.0.0.1:${tls}`, secure.port, 'send-proxy-v2') +
      // Its clients have no address.
      listen('unix', unix, clear.port, 'send-proxy'),
  );
  for (const port of [v1, v2]) {
    await answers(port);
    t.is(await ask(port), CLIENT);
  }
  await answers(tls, true);
  t.is(await ask(tls, true), CLIENT);
  await answers(unix);
  t.is(await ask(unix), 'unknown');
  // The checks by TLS end after the header, before a handshake.
  t.deepEqual(
    [...warnings(clear), ...warnings(secure)].map(({ msg }) => msg),
    [],
  );
});

test('nginx sends the client in front of http and TLS', async (t) => {
  const [clear, secure] = [await place(t, { proxyProtocol: true }), await place(t, { proxyProtocol: true, ...TLS })];
  const [http, tls] = [await freePort(), await freePort()];
  const server = (port: number, gateway: number) =>
    `server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${gateway}; proxy_protocol on; }\n`;
  await startNginx(t, server(http, clear.port) + server(tls, secure.port), '');
  await answers(http);
  t.is(await ask(http), CLIENT);
  await answers(tls, true);
  t.is(await ask(tls, true), CLIENT);
});

test('nginx forwards to a Unix socket, and its field names the client', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-nginx-client-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const socket = join(folder, 'public.sock');
  const gateway = await place(t, { socket }, ['unix']);
  const port = await freePort();
  await startNginx(
    t,
    '',
    `server {
      listen 127.0.0.1:${port};
      location / { proxy_pass http://unix:${socket}; proxy_set_header X-Forwarded-For $remote_addr; }
    }`,
  );
  await answers(port);
  t.is(await ask(port), `${CLIENT}, unknown`);
  t.like(await gateway.logged(({ msg }) => msg === 'request'), { client: CLIENT });
});
