import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { createHealth, type Dependency, type Health, readinessOf } from '../../gateway/ops/health.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { forwardingGateway } from '../support/gateways/forwarding.ts';
import { parseExposition } from '../support/reports/exposition.ts';

async function listening(t: ExecutionContext, health: Health) {
  health.server.listen(0, '127.0.0.1');
  await once(health.server, 'listening');
  t.teardown(() => {
    health.server.closeAllConnections();
    health.server.close();
  });
  return { ...health, url: `http://127.0.0.1:${(health.server.address() as AddressInfo).port}` };
}

function healthOf(t: ExecutionContext, required: readonly Dependency[], optional: readonly Dependency[] = []) {
  const health = createHealth(
    () => readinessOf(required, optional),
    async () => '',
    () => null,
    null,
    pino({ level: 'silent' }),
  );
  return listening(t, health);
}

const up = (name: string): Dependency => ({ name, isUp: true });
const out = (name: string): Dependency => ({ name, isUp: false });

test('a gateway whose database answers is live and ready, on the ops listener alone', async (t) => {
  const gateway = await forwardingGateway(t, await httpUpstream(t));
  for (const path of ['/health/live', '/health/ready', '/health/ready?probe=1']) {
    const answer = await fetch(gateway.opsUrl + path);
    t.is(answer.status, 200, path);
    t.is(answer.headers.get('content-type'), 'application/json');
    t.is(answer.headers.get('cache-control'), 'no-store');
  }
  t.is((await fetch(`${gateway.url}/health/live`)).status, 404);
  t.is((await fetch(`${gateway.url}/health/ready`)).status, 404);
});

test('readiness names the stores that are out; liveness does not depend on them', async (t) => {
  const { url } = await healthOf(t, [out('database')], [up('redis')]);
  const ready = await fetch(`${url}/health/ready`);
  t.is(ready.status, 503);
  t.deepEqual(await ready.json(), { status: 'unavailable', unavailable: ['database'] });
  t.is((await fetch(`${url}/health/live`)).status, 200);
});

test('a store that the gateway can do without is named as out, and it is ready all the same', async (t) => {
  const { url } = await healthOf(t, [up('database')], [out('redis')]);
  const ready = await fetch(`${url}/health/ready`);
  t.is(ready.status, 200);
  t.deepEqual(await ready.json(), { status: 'ready', unavailable: ['redis'] });
  const both = await healthOf(t, [out('database')], [out('redis')]);
  t.deepEqual(await (await fetch(`${both.url}/health/ready`)).json(), {
    status: 'unavailable',
    unavailable: ['database', 'redis'],
  });
});

test('readiness is looked up anew each time', async (t) => {
  const database = { name: 'database', isUp: false };
  const { url } = await healthOf(t, [database]);
  t.is((await fetch(`${url}/health/ready`)).status, 503);
  database.isUp = true;
  t.is((await fetch(`${url}/health/ready`)).status, 200);
});

test('from the beginning of the shutdown readiness is 503 and liveness still 200', async (t) => {
  const { url, beginShutdown } = await healthOf(t, [up('database')]);
  t.is((await fetch(`${url}/health/ready`)).status, 200);
  beginShutdown();
  t.is((await fetch(`${url}/health/ready`)).status, 503);
  t.is((await fetch(`${url}/health/live`)).status, 200);
});

test('HEAD is answered as GET; other methods are 405, other paths 404', async (t) => {
  const { url } = await healthOf(t, [up('database')]);
  t.is((await fetch(`${url}/health/live`, { method: 'HEAD' })).status, 200);
  t.is((await fetch(`${url}/health/live`, { method: 'POST' })).status, 405);
  for (const path of ['/', '/health', '/health/', '/health/live/', '/nothing']) {
    t.is((await fetch(url + path)).status, 404, path);
  }
});

test('metrics are in the text format of Prometheus, for GET and HEAD, and not on the public listener', async (t) => {
  const gateway = await forwardingGateway(t, await httpUpstream(t));
  const answer = await fetch(`${gateway.opsUrl}/metrics`);
  t.is(answer.status, 200);
  t.is(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  t.true(parseExposition(await answer.text()).series.size > 50);
  const head = await fetch(`${gateway.opsUrl}/metrics`, { method: 'HEAD' });
  t.is(head.status, 200);
  t.is(head.headers.get('content-type'), answer.headers.get('content-type'));
  t.is(await head.text(), '');
  t.is((await fetch(`${gateway.opsUrl}/metrics`, { method: 'POST' })).status, 405);
  t.is((await fetch(`${gateway.url}/metrics`)).status, 404);
});

test('metrics that cannot be collected are a 500 and a line in the log, and everything goes on', async (t) => {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  let collect = (): Promise<string> => Promise.reject(new Error('no worker answers'));
  const { url } = await listening(
    t,
    createHealth(
      () => readinessOf([], []),
      () => collect(),
      () => null,
      null,
      log,
    ),
  );
  const failed = await fetch(`${url}/metrics`);
  t.is(failed.status, 500);
  t.deepEqual(await failed.json(), { status: 'metrics_not_collected' });
  t.is(lines.length, 1);
  t.regex(lines[0] ?? '', /no worker answers.*metrics not collected/);
  t.is((await fetch(`${url}/health/live`)).status, 200);
  collect = async () => '# of all of them\n';
  t.is(await (await fetch(`${url}/metrics`)).text(), '# of all of them\n');
});
