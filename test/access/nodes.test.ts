import { once } from 'node:events';
import test from 'ava';
import { ADA, basic } from '../lab/gateways/gateway.ts';
import { gateways } from '../lab/gateways/nodes.ts';
import { DATABASES, temporaryDatabase } from '../lab/stores/database.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { webSocketTo, webSocketUpstream } from '../support/http/websocket.ts';

for (const kind of DATABASES) {
  test(`${kind}: a role that a command takes away is lost on every node, and ends what is open there`, async (t) => {
    const upstream = await httpUpstream(t, (_req, res) => void res.write('begun'));
    const sockets = await webSocketUpstream(t);
    const nodes = await gateways(t, {
      location: await temporaryDatabase(t, kind),
      redis: '',
      upstream: upstream.url,
      // So long that only the announcement can be why the nodes notice.
      settings: { accounts: { cache: '1m' } },
    });
    const at = { upstream: upstream.url, requires: { groups: ['staff'] } };
    const own = {
      routes: [
        { name: 'orders', path: '/api/v1/orders', ...at },
        { name: 'ws', path: '/api/v1/ws', ...at, upstream: sockets.url },
      ],
    };
    await nodes.accounts.setGroups('1', ['staff']);
    const running = await Promise.all(['A', 'B'].map((name) => nodes.start(name, own)));
    const headers = { Authorization: basic(ADA) };
    const open = await Promise.all(
      running.map(async ({ url }) => {
        const stream = await fetch(`${url}/api/v1/orders`, { headers });
        t.is(stream.status, 200);
        const socket = await webSocketTo(t, `${url}/api/v1/ws`, { authorization: headers.Authorization });
        return { url, streamed: stream.text(), closed: once(socket, 'close') };
      }),
    );

    const { code, stdout } = await nodes.command(['user', 'groups', ADA.email, '--none']);
    t.deepEqual([code, stdout], [0, `${ADA.email} (id 1) is in no group.\n`]);
    await Promise.all(
      open.map(async ({ url, streamed, closed }) => {
        await holds(`${url} refuses`, async () => (await fetch(`${url}/api/v1/orders`, { headers })).status === 403);
        const [closeCode] = (await closed) as [number];
        t.is(closeCode, 1008);
        await t.throwsAsync(streamed);
      }),
    );
  });
}
