import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { ADA, testGateway } from '../lab/gateways/gateway.ts';
import { SELF_SIGNED } from '../lab/upstreams/self-signed.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { listenOver, overAll, routeOver, type Transport } from '../support/gateways/forwarding.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';
import { httpsUpstream } from '../support/upstreams/https-upstream.ts';
import { NAME_ONLY } from '../support/upstreams/name-only-certificate.ts';
import { authorization, message } from './message.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

// CVE-2026-54765 (Traefik): two routes to one server shared what one of them adds.
overAll(
  'routes to one server share its connections, and nothing of what each of them adds or removes',
  async (t, over) => {
    const upstream = await httpUpstream(t);
    const way = { upstream: upstream.url, ...routeOver(over) };
    const gateway = await testGateway(t, {
      listen: listenOver(over),
      routes: [
        {
          name: 'a',
          path: '/api/v1/a',
          ...way,
          passAuthorization: true,
          stripPrefix: '/api/v1',
          headers: { request: { set: { 'X-Of': 'a' } } },
        },
        { name: 'b', path: '/api/v1/b', ...way, preserveHost: true },
        { name: 'open', path: '/open', ...way, auth: 'none' },
      ],
    });
    const client = await rawClient(gateway.port);
    for (const path of ['/api/v1/a', '/open', '/api/v1/b', '/open', '/api/v1/a', '/api/v1/b']) {
      const before = upstream.seen.length;
      client.send(message([`GET ${path} HTTP/1.1`, 'Host: client.test', authorization(ADA)]));
      await client.until(new RegExp(`^(?:HTTP/1.1 200[^]*?\\}){${before + 1}}$`));
      const seen = upstream.seen.at(-1);
      const [isA, isB, isOpen] = ['a', 'b', 'open'].map((name) => path.endsWith(name));
      t.deepEqual(seen?.values('x-user-id'), isOpen ? [] : ['1'], path);
      t.deepEqual(seen?.values('x-of'), isA ? ['a'] : [], path);
      t.deepEqual(seen?.values('authorization').length, isA ? 1 : 0, path);
      t.deepEqual(seen?.values('x-forwarded-prefix'), isA ? ['/api/v1'] : [], path);
      t.deepEqual(seen?.values('host'), [isB ? 'client.test' : `127.0.0.1:${upstream.port}`], path);
    }
  },
);

/** Groups that lead to one https server, with what each of them demands of it. */
async function demanding(t: ExecutionContext, over: Transport, groups: Record<string, object>, url: string) {
  const upstreams = Object.fromEntries(
    Object.entries(groups).map(([name, tls]) => [name, { servers: [url], tls, retries: { attempts: 0 } }]),
  );
  const routes = Object.keys(groups).map((name) => ({
    ...{ name, path: `/${name}`, upstream: name, auth: 'none' },
    ...routeOver(over),
  }));
  const gateway = await testGateway(t, { listen: listenOver(over), upstreams, routes });
  return async (name: string) =>
    statusOf(await rawExchange(gateway.port, message([`GET /${name} HTTP/1.1`, 'Host: a', 'Connection: close'])));
}

// CVE-2026-48934, CVE-2026-58040 and CVE-2026-56850 (Node): a connection or a session of one policy was used for another.
overAll(
  'groups to one server share no connection and no TLS session: each verifies the name it demands',
  async (t, over) => {
    const names: (string | false)[] = [];
    const upstream = await httpsUpstream(
      t,
      (req, res) => {
        names.push((req.socket as TLSSocket & { servername: string | false }).servername);
        res.end('ok');
      },
      NAME_ONLY,
    );
    const ca = NAME_ONLY.cert;
    const status = await demanding(
      t,
      over,
      {
        right: { ca, serverName: 'localhost' },
        wrong: { ca, serverName: 'orders.internal' },
        nobody: { ca: SELF_SIGNED.cert },
      },
      upstream.url,
    );
    for (let round = 0; round < 4; round++) {
      t.is(await status('right'), 200);
      t.is(await status('wrong'), 502);
      t.is(await status('nobody'), 502);
    }
    t.deepEqual(names, Array(4).fill('localhost'));
  },
);

overAll('a certificate that one group shows to a server is not shown for another', async (t, over) => {
  const shown: string[] = [];
  const upstream = await httpsUpstream(
    t,
    (req, res) => {
      shown.push((req.socket as TLSSocket).getPeerCertificate()?.fingerprint256 ?? 'nobody');
      res.end('ok');
    },
    { ...NAME_ONLY, requestCert: true, rejectUnauthorized: false },
  );
  const usual = { ca: NAME_ONLY.cert, serverName: 'localhost' };
  const status = await demanding(
    t,
    over,
    {
      first: { ...usual, certificate: SELF_SIGNED.cert, key: SELF_SIGNED.key },
      second: { ...usual, certificate: NAME_ONLY.cert, key: NAME_ONLY.key },
      neither: usual,
    },
    upstream.url,
  );
  const fingerprint = ({ cert }: { cert: string }) => new X509Certificate(cert).fingerprint256;
  const expected = [fingerprint(SELF_SIGNED), 'nobody', fingerprint(NAME_ONLY)];
  for (let round = 0; round < 3; round++) {
    for (const name of ['first', 'neither', 'second']) t.is(await status(name), 200);
  }
  t.deepEqual(shown, [...expected, ...expected, ...expected]);
});
