import test from 'ava';
import { ADA, basic } from '../lab/gateways/gateway.ts';
import { gateways } from '../lab/gateways/nodes.ts';
import { urlOf } from '../lab/stores/database.ts';
import { privateDatabase } from '../lab/stores/private-database.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { stopwatch } from '../lab/waiting/stopwatch.ts';

for (const [kind, workers] of [
  ['mysql', 1],
  ['mysql', 2],
  ['postgres', 2],
] as const) {
  test(`${kind}: a database that hangs, with much left to be written, holds up no end of ${workers} process(es) beyond shutdown.timeout`, async (t) => {
    const server = await privateDatabase(t, kind);
    const upstream = await httpUpstream(t);
    const nodes = await gateways(t, { location: server.location, redis: '', upstream: upstream.url });
    const node = await nodes.start('a', {
      workers,
      database: { url: urlOf(server.location), timeout: '60s' },
      shutdown: { timeout: '2s' },
    });
    const answer = await fetch(`${node.url}/api/v1/tokens/`, {
      method: 'POST',
      headers: { Authorization: basic(ADA) },
    });
    const { token } = (await answer.json()) as { token: string };
    // Its use is to be written down.
    const used = await fetch(`${node.url}/api/v1/orders`, { headers: { Authorization: `Bearer ${token}` } });
    t.is(used.status, 200);
    server.pause();
    const passed = stopwatch();
    const code = await node.stop();
    server.continue();
    t.is(code, 0);
    t.true(passed() < 25_000);
    t.is(node.log.at(-1)?.msg, 'stopped');
  });
}
