import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { LogLine } from '../lab/gateways/gateway.ts';
import { tcpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { stopwatch } from '../lab/waiting/stopwatch.ts';
import { forwardingGateway, overAll, overOthers, requestText } from '../support/gateways/forwarding.ts';
import { blackhole } from '../support/http/blackhole.ts';
import { type RawClient, rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

/** Milliseconds: far less than every deadline here, so that nothing but the departure ends it. */
const SOON = 5_000;

/** An upstream that takes what comes and answers with the given bytes, or not at all. */
async function upstreamOf(t: ExecutionContext, answer: string | null) {
  const sockets: Socket[] = [];
  const heads: string[] = [];
  const upstream = await tcpUpstream(t, (socket) => {
    sockets.push(socket);
    socket.on('data', (data: Buffer) => {
      if (!/^[A-Z]+ \S+ HTTP/.test(data.toString('latin1'))) return;
      heads.push(data.toString('latin1'));
      if (answer !== null) socket.write(answer);
    });
  });
  return { ...upstream, sockets, heads };
}

function ofRequest({ route }: LogLine): boolean {
  return route === 's';
}

const LEAVING = {
  'by a reset': (client: RawClient) => void client.socket.resetAndDestroy(),
  'in order': (client: RawClient) => void client.socket.destroy(),
  'by closing its half': (client: RawClient) => void client.socket.end(),
};

const BEGUN = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n';

for (const [how, leave] of Object.entries(LEAVING)) {
  for (const [when, request, answer, status] of [
    ['before the answer', requestText('GET /s'), null, 499],
    ['during the answer', requestText('GET /s'), BEGUN, 200],
    ['during the upload', requestText('POST /s', ['Content-Length: 100000'], 'some'), null, 499],
    ['during both', requestText('POST /s', ['Transfer-Encoding: chunked'], '4\r\nsome\r\n'), BEGUN, 200],
  ] as const) {
    const runOver = when === 'during both' ? overOthers : overAll;
    runOver(`a client that leaves ${when} ${how} ends the upstream's request at once`, async (t, over) => {
      const upstream = await upstreamOf(t, answer);
      const gateway = await forwardingGateway(t, upstream, {}, over);
      const client = await rawClient(gateway.port);
      client.send(request);
      await holds('the upstream has the request', () => upstream.heads.length === 1);
      if (answer !== null) await client.until(/hello/);
      const before = client.received();
      leave(client);
      await holds('the upstream is let go', () => upstream.sockets[0]?.destroyed === true, SOON);
      const line = await gateway.logged(ofRequest);
      t.is(line.status, status);
      t.is(line.fault, 'client');
      t.is(line.error, 'client_closed');
      if (how === 'by closing its half') t.is(await client.ended(), before, 'it gets nothing more');
    });
  }
}

overAll('a client that leaves while the upstream is being connected to is logged at once', async (t, over) => {
  const upstream = await blackhole(t);
  const gateway = await forwardingGateway(t, upstream, {}, over);
  const client = await rawClient(gateway.port);
  client.send(requestText('POST /s', ['Content-Length: 1000'], 'some'));
  await holds('the gateway connects', () => upstream.isAwaited());
  client.socket.resetAndDestroy();
  const taken = stopwatch();
  const line = await gateway.logged(ofRequest);
  t.true(taken() < SOON, `${taken()} ms`);
  t.is(line.status, 499);
  t.is(line.error, 'client_closed');
  t.is(line.upstream, new URL(line.upstream as string).origin);
});

overAll(
  'a client that left while the upstream was being connected to has its request dropped, not sent',
  async (t, over) => {
    const upstream = await blackhole(t);
    const gateway = await forwardingGateway(t, upstream, {}, over);
    const client = await rawClient(gateway.port);
    client.send(requestText('DELETE /s'));
    await holds('the gateway connects', () => upstream.isAwaited());
    client.socket.resetAndDestroy();
    t.is((await gateway.logged(ofRequest)).status, 499);
    upstream.open();
    const count = (event: string) => upstream.events.filter((each) => each === event).length;
    await holds('the gateway is connected', () => count('connected') === upstream.fillers + 1, 20_000);
    await holds('its connection is closed', () => count('closed') === 1);
    t.is(upstream.events.length, count('connected') + count('closed'), upstream.events.join());
  },
);

overAll('requests that were sent ahead by a client that left reach no upstream', async (t, over) => {
  const upstream = await upstreamOf(t, null);
  const gateway = await forwardingGateway(t, upstream, {}, over);
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /s?1') + requestText('GET /s?2') + requestText('DELETE /s?3'));
  await holds('the upstream has the first', () => upstream.heads.length === 1);
  client.socket.resetAndDestroy();
  await holds('the upstream is let go', () => upstream.sockets[0]?.destroyed === true, SOON);
  await gateway.logged(ofRequest);
  await turn();
  t.is(upstream.heads.length, 1);
  t.is(upstream.sockets.length, 1);
});

overAll('a client that leaves between two requests leaves nothing behind', async (t, over) => {
  const upstream = await upstreamOf(t, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  const gateway = await forwardingGateway(t, upstream, {}, over);
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /s'));
  await client.until(/ok$/);
  client.socket.resetAndDestroy();
  t.is(statusOf(await rawExchange(gateway.port, requestText('GET /s', ['Connection: close']))), 200);
  t.is((await gateway.logged(ofRequest)).fault, undefined);
  t.is(upstream.sockets.length, 1, 'the connection to the upstream was kept and used again');
});

overAll('five hundred clients that leave at every moment leave no connection and no timer', async (t, over) => {
  const open = new Set<Socket>();
  const upstream = await tcpUpstream(t, (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.once('data', () => socket.write(BEGUN));
  });
  const gateway = await forwardingGateway(t, upstream, {}, over);
  const resources = () => process.getActiveResourcesInfo().filter((name) => /TCPSocketWrap|Timeout/.test(name)).length;
  const round = async (count: number) => {
    await Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const client = await rawClient(gateway.port);
        client.send(
          i % 2 ? requestText('GET /s') : requestText('POST /s', ['Content-Length: 70000'], 'x'.repeat(1_000)),
        );
        // From before the head is read, to after the answer has begun.
        for (let turns = i % 12; turns > 0; turns--) await turn();
        client.socket.resetAndDestroy();
      }),
    );
    await holds('all connections to the upstream end', () => open.size === 0);
  };
  await round(50);
  const before = resources();
  for (let i = 0; i < 9; i++) await round(50);
  await holds('nothing is left', () => resources() <= before + 5);
  const next = await rawClient(gateway.port);
  next.send(requestText('GET /s'));
  t.is(statusOf(await next.until(/hello/)), 200);
});
