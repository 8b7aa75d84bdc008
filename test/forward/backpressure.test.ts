import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { httpUpstream, tcpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { forwardingGateway, overAll, requestText } from '../support/gateways/forwarding.ts';
import { type Pumped, pump, settled } from '../support/http/pumping.ts';
import { rawClient } from '../support/http/raw.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const BIG = 64 * 1024 * 1024;
/** What the sockets of three programs and the streams between them may hold; the kernel takes up to some 6 MiB each. */
const HELD = 32 * 1024 * 1024;

/** An upstream that sends a head and then `BIG` bytes as fast as they are taken. */
async function bigAnswer(t: ExecutionContext, head: string, endsAfterwards: boolean) {
  const state: { sent: Pumped | null; socket: Socket | null } = { sent: null, socket: null };
  const upstream = await tcpUpstream(t, (socket) => {
    state.socket = socket;
    socket.once('data', async () => {
      socket.write(head);
      const sent = pump(socket, BIG);
      state.sent = sent;
      await holds('everything is written', () => sent.done || socket.destroyed, 30_000);
      if (endsAfterwards) socket.end();
    });
  });
  return { ...upstream, state };
}

const DELIMITED = [
  ['a length', `HTTP/1.1 200 OK\r\nContent-Length: ${BIG}\r\n\r\n`, false],
  ['the end of the connection', 'HTTP/1.0 200 OK\r\n\r\n', true],
] as const;

for (const [delimiter, head, ends] of DELIMITED) {
  overAll(
    `a client that stops reading stops the upstream, and gets every byte later (delimited by ${delimiter})`,
    async (t, over) => {
      const upstream = await bigAnswer(t, head, ends);
      const gateway = await forwardingGateway(t, upstream, {}, over);
      const client = request(`${gateway.url}/s`, { agent: false }).end();
      const [answer] = (await once(client, 'response')) as [IncomingMessage];
      await settled(() => upstream.state.sent?.written ?? 0);
      const taken = upstream.state.sent?.written ?? 0;
      t.true(taken > 0 && taken < HELD, `${taken} bytes were taken from the upstream`);
      let received = 0;
      for await (const chunk of answer) received += (chunk as Buffer).length;
      t.is(received, BIG);
      t.true(answer.complete);
    },
  );
}

overAll(
  'a client that takes nothing of its answer is cut off after a while, and the upstream is let go',
  async (t, over) => {
    const upstream = await bigAnswer(t, DELIMITED[0][1], false);
    const gateway = await forwardingGateway(t, upstream, { idle: '2s' }, over);
    const client = connect(gateway.port, '127.0.0.1').on('error', () => {});
    client.write(requestText('GET /s'));
    await holds('the upstream is let go', () => upstream.state.socket?.destroyed === true);
    const line = await gateway.logged(({ route }) => route === 's');
    t.is(line.fault, 'client');
    t.is(line.detail, 'the client stopped reading the answer');
    client.destroy();
  },
);

overAll(
  'an answer that the upstream has sent in full does not stay for a client that takes nothing',
  async (t, over) => {
    const upstream = await httpUpstream(t, (_req, res) => void res.end(Buffer.alloc(7 * 1024 * 1024)));
    const gateway = await forwardingGateway(t, upstream, { idle: '2s' }, over);
    const client = connect(gateway.port, '127.0.0.1').on('error', () => {});
    client.write(requestText('GET /s'));
    const line = await gateway.logged(({ route }) => route === 's');
    t.is(line.status, 200);
    t.is(line.fault, 'client');
    client.destroy();
  },
);

overAll('an upstream that reads slowly slows down the client', async (t, over) => {
  let slow: Socket | undefined;
  const upstream = await tcpUpstream(t, (socket) => {
    slow = socket;
    socket.pause();
  });
  const gateway = await forwardingGateway(t, upstream, {}, over);
  const client = await rawClient(gateway.port);
  client.send(requestText('POST /s', [`Content-Length: ${BIG}`]));
  const sent = pump(client.socket, BIG);
  await holds('the upstream is asked', () => slow !== undefined);
  await settled(() => sent.written);
  t.true(sent.written < HELD, `${sent.written} bytes were taken from the client`);
  let received = 0;
  slow?.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > BIG) slow?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
  slow?.resume();
  await client.until(/ok$/);
  t.true(sent.done);
});

overAll('an upstream that reads nothing of an upload ends as 504', async (t, over) => {
  const upstream = await tcpUpstream(t, (socket) => void socket.pause());
  const gateway = await forwardingGateway(t, upstream, { firstByte: '400ms' }, over);
  const client = await rawClient(gateway.port);
  client.send(requestText('POST /s', [`Content-Length: ${BIG}`]));
  pump(client.socket, BIG);
  t.regex(await client.until(/}\s*$/), /^HTTP\/1\.1 504 /);
});

overAll('server-sent events arrive one by one, and the head before the first of them', async (t, over) => {
  let events: ServerResponse | undefined;
  const upstream = await httpUpstream(t, (_req, res) => {
    events = res;
    res.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
  });
  const gateway = await forwardingGateway(t, upstream, {}, over);
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /s', ['Accept: text/event-stream']));
  await client.until(/text\/event-stream\r\n[\s\S]*\r\n\r\n$/);
  for (const event of ['one', 'two', 'three']) {
    events?.write(`data: ${event}\n\n`);
    await client.until(new RegExp(`data: ${event}\n\n\r\n$`));
  }
  events?.end();
  t.regex(await client.until(/\r\n0\r\n\r\n$/), /^HTTP\/1\.1 200 /);
});
