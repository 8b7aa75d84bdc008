import type { ServerResponse } from 'node:http';
import test, { type ExecutionContext } from 'ava';
import { type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { stopwatch } from '../../lab/waiting/stopwatch.ts';
import { closable } from '../../support/gateways/closable.ts';
import { valuesOf } from '../../support/reports/exposition.ts';
import { scrape } from '../../support/reports/scrape.ts';
import { type Collector, startCollector } from '../../support/tracing/collector.ts';

const refuse = (res: ServerResponse) => void res.writeHead(400).end();

async function tracedTo(t: ExecutionContext, collector: Pick<Collector, 'url'>): Promise<TestGateway> {
  const upstream = await httpUpstream(t);
  return await testGateway(t, {
    tracing: { url: collector.url, sample: '100%', headers: { 'api-key': 'k1' } },
    routes: [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none' }],
  });
}

async function spansCounted(gateway: TestGateway, what: 'dropped' | 'exported'): Promise<number> {
  return valuesOf(await scrape(gateway), `gatehouse_spans_${what}_total`)[''] ?? 0;
}

test('a collector that is out costs spans, which are counted, and one line in the log until it is back', async (t) => {
  const collector = await startCollector(t);
  collector.answerWith(refuse);
  const gateway = await tracedTo(t, collector);
  for (const dropped of [2, 4]) {
    t.is((await fetch(`${gateway.url}/s`)).status, 200);
    await holds('the spans are dropped', async () => (await spansCounted(gateway, 'dropped')) === dropped);
  }
  collector.answerWith(null);
  t.is((await fetch(`${gateway.url}/s`)).status, 200);
  await gateway.logged(({ msg }) => msg === 'the collector of spans is back');
  t.is(await spansCounted(gateway, 'exported'), 2);
  t.is(collector.spans.length, 2);
  t.is(collector.headers['api-key'], 'k1');
  const told = gateway.log.filter(({ msg }) => String(msg).startsWith('the collector of spans is out'));
  t.is(told.length, 1);
  t.is(told[0]?.collector, `${collector.url}/v1/traces`);
  t.truthy(told[0]?.cause);
});

test('a collector that hangs costs no request, and a bounded number of spans waits', async (t) => {
  const collector = await startCollector(t);
  const held: ServerResponse[] = [];
  collector.answerWith((res) => void held.push(res));
  const gateway = await tracedTo(t, collector);
  t.is((await fetch(`${gateway.url}/s`)).status, 200);
  await holds('a batch is on its way', () => held.length === 1);
  const ask = async () => {
    for (let i = 0; i < 150; i++) await (await fetch(`${gateway.url}/s`)).arrayBuffer();
  };
  await Promise.all(Array.from({ length: 8 }, ask));
  await holds('more than 2,048 spans do not wait', async () => (await spansCounted(gateway, 'dropped')) >= 300);
  collector.answerWith(null);
  for (const res of held) res.end();
});

for (const [what, url] of [
  ['hangs', null],
  ['refuses connections', 'http://127.0.0.1:1'],
] as const) {
  test(`a collector that ${what} does not delay the end of the gateway by more than its share`, async (t) => {
    const collector = await startCollector(t);
    collector.answerWith(() => {});
    const upstream = await httpUpstream(t);
    const gateway = await closable(t, upstream, { tracing: { url: url ?? collector.url, sample: '100%' } });
    t.is((await fetch(`${gateway.url}/s`)).status, 200);
    const passed = stopwatch();
    await gateway.close({ delay: 0, timeout: 30_000 });
    // Two seconds, on a busy machine.
    t.true(passed() < 10_000, `${passed()} ms`);
  });
}
