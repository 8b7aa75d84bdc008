import type { Socket } from 'node:net';
import test from 'ava';
import { tcpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { requestText } from '../../support/gateways/forwarding.ts';
import { groupGateway } from '../../support/gateways/group.ts';
import { blackhole } from '../../support/http/blackhole.ts';
import { rawClient } from '../../support/http/raw.ts';

test('a body that arrives while another server is being connected to is sent to that one in full', async (t) => {
  const lost: Socket[] = [];
  const losing = await tcpUpstream(t, (socket) => {
    lost.push(socket);
    socket.once('data', () => socket.resetAndDestroy());
  });
  const slow = await blackhole(t);
  const gateway = await groupGateway(t, { servers: [losing.url, slow.url] });
  const client = await rawClient(gateway.port);
  client.send(requestText('PUT /s', ['Content-Length: 11']));
  await holds('the first attempt is lost', () => lost[0]?.destroyed === true);
  await holds('the other is being connected to', () => slow.isAwaited());
  for (const piece of ['hello ', 'world']) {
    client.send(piece);
    // One loop serves both connections: once this is answered, the piece has been read.
    await fetch(`${gateway.opsUrl}/health/live`).then((answer) => answer.text());
  }
  slow.open();
  await holds('the other server has the body', () => slow.events.join('').includes('hello world'), 20_000);
  t.is(slow.events.join('').match(/PUT \/s HTTP/g)?.length, 1);
  client.socket.destroy();
});
