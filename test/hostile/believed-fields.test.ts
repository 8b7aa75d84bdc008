import { ADA, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { listenOver, overAll, routeOver } from '../support/gateways/forwarding.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';
import { authorization, message } from './message.ts';

/** Fields that a server believes of a proxy in front of it, by the advisory in which a client sent them. */
const BELIEVED: Readonly<Record<string, readonly string[]>> = {
  'CVE-2025-29927 (Next.js)': ['x-middleware-subrequest'],
  'CVE-2025-61780 (Rack)': ['X-Sendfile-Type', 'X-Accel-Mapping'],
  'CVE-2024-45806 (Envoy)': [
    ...[
      'x-envoy-internal',
      'x-envoy-original-path',
      'x-envoy-external-address',
      'x-envoy-retry-on',
      'x-envoy-max-retries',
    ],
    ...['x-envoy-upstream-rq-timeout-ms', 'x-envoy-force-trace', 'x-envoy-decorator-operation', 'x-envoy-ip-tags'],
  ],
  'CVE-2026-54764 (Traefik)': ['X-Forwarded-Port', 'X-Forwarded-Server', 'X-Forwarded-Ssl', 'X-Forwarded-Client-Cert'],
  'CVE-2026-45045 (Fiber)': ['X-Real-IP', 'X-Client-IP', 'True-Client-IP'],
  'CVE-2024-52003 (Traefik)': ['X-Forwarded-Prefix', 'X-Script-Name'],
};

overAll('fields that servers believe of proxies pass from trusted ones, and from nobody else', async (t, over) => {
  const upstream = await httpUpstream(t);
  const routes = [{ name: 'o', path: '/api/v1/o', upstream: upstream.url, ...routeOver(over) }];
  const listen = listenOver(over);
  const anybody = await testGateway(t, { listen, routes });
  const trusting = await testGateway(t, { listen, routes, trustedProxies: ['127.0.0.1'] });
  for (const [advisory, names] of Object.entries(BELIEVED)) {
    for (const [gateway, isTrusted] of [
      [anybody, false],
      [trusting, true],
    ] as const) {
      const claims = names.map((name) => `${name}: /claimed`);
      const line = 'GET /api/v1/o HTTP/1.1';
      const answer = await rawExchange(
        gateway.port,
        message([line, 'Host: a', authorization(ADA), ...claims, 'Connection: close']),
      );
      t.is(statusOf(answer), 200, advisory);
      const seen = upstream.seen.at(-1);
      for (const name of names) {
        const passes = isTrusted && name !== 'x-middleware-subrequest';
        t.deepEqual(seen?.values(name), passes ? ['/claimed'] : [], `${advisory} ${name} ${isTrusted}`);
      }
    }
  }
});
