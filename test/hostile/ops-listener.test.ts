import test from 'ava';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { forwardingGateway } from '../support/gateways/forwarding.ts';
import { rawClient } from '../support/http/raw.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const TARGETS = [
  ...[
    'http://',
    'http://[',
    'http://[::1',
    'http://a:99999/',
    'https://',
    '//',
    '///metrics',
    '/%',
    '/%zz',
    '/metrics%',
    '*',
    '?',
    '#',
  ],
  ...[
    '/health/ready?%',
    '/health/ready?a=%ff',
    '/__proto__',
    '/constructor',
    '/console/%2e%2e/x',
    '/../metrics',
    '/\\',
    'a:b@c',
    '/x'.repeat(4_000),
  ],
];

// CVE-2026-44902 (OpenTelemetry): a target that is no URL ended the process that served the metrics.
test('no target, field or body that the ops listener is sent ends more than its connection', async (t) => {
  const gateway = await forwardingGateway(t, await httpUpstream(t));
  const port = Number(new URL(gateway.opsUrl).port);
  for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE', 'CONNECT']) {
    for (const target of TARGETS) {
      const client = await rawClient(port);
      client.send(`${method} ${target} HTTP/1.1\r\nHost: [\r\n__proto__: 1\r\nConnection: close\r\n\r\n`);
      const answer = await client.ended();
      t.notRegex(answer, /^HTTP\/1\.1 5(?!01)/, `${method} ${target}`);
      client.socket.destroy();
    }
  }
  for (const text of [
    '\x16\x03\x01\x02\x00',
    'GET / HTTP/9.9\r\n\r\n',
    '\r\n\r\n\0',
    'POST /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  ]) {
    const client = await rawClient(port);
    client.send(text);
    client.socket.end();
    await client.ended();
    client.socket.destroy();
  }
  t.is((await fetch(`${gateway.opsUrl}/metrics`)).status, 200);
  t.is((await fetch(`${gateway.opsUrl}/health/live`)).status, 200);
});
