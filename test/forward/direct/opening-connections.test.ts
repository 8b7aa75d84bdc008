import test from 'ava';
import { testGateway } from '../../lab/gateways/gateway.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { requestText } from '../../support/gateways/forwarding.ts';
import { blackhole } from '../../support/http/blackhole.ts';
import { rawClient } from '../../support/http/raw.ts';

/** Connections of this process that are neither open nor refused. */
function opening(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'ConnectWrap').length;
}

test('clients that leave while their connections are opening leave no more of these than `connections`', async (t) => {
  const upstream = await blackhole(t);
  const gateway = await testGateway(t, {
    upstreams: { slow: { servers: [upstream.url], connections: 2 } },
    routes: [{ name: 's', path: '/s', upstream: 'slow', auth: 'none' }],
    timeouts: { connect: '2m' },
  });
  const before = opening();
  for (let count = 1; count <= 6; count += 1) {
    const client = await rawClient(gateway.port);
    client.send(requestText('GET /s'));
    await holds('the request is under way', async () => {
      return /in_flight 1\n/.test(await (await fetch(`${gateway.opsUrl}/metrics`)).text());
    });
    client.socket.resetAndDestroy();
    await holds('it is over', () => gateway.log.filter(({ route }) => route === 's').length === count);
  }
  await holds('the connections for the metrics are open', () => opening() <= before + 2);
  t.is(opening(), before + 2);
});
