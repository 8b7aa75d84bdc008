import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import test from 'ava';
import { createStreams, type Stream } from '../../../gateway/ops/console/streams.ts';
import { holds } from '../../lab/waiting/condition.ts';

const EVENT = JSON.stringify('x'.repeat(4_000));

test('a client that does not read is dropped before much waits for it, and the others get every event', async (t) => {
  const streams = createStreams();
  const open = new Map<string, Stream>();
  const ended: string[] = [];
  const server = createServer((req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const name = req.url ?? '';
    open.set(
      name,
      streams.open(res, () => ended.push(name)),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const clients = ['/reads', '/sleeps'].map((path) => {
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    t.teardown(() => socket.destroy());
    return socket;
  });
  const [reader, sleeper] = clients;
  let received = '';
  reader?.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  sleeper?.pause().on('error', () => {});
  await holds('both are open', () => open.size === 2);
  let sent = 0;
  await holds('the one that does not read is dropped', async () => {
    for (let i = 0; i < 8; i++, sent++) for (const stream of open.values()) stream.send(EVENT);
    const arrived = () => received.split('data: ').length - 1 === sent;
    await holds('the other has every event', arrived);
    return ended.length > 0;
  });
  t.deepEqual(ended, ['/sleeps']);
  streams.close();
  await holds('the other stream ends in order', () => ended.length === 2);
  t.true(received.endsWith('0\r\n\r\n'));
  t.true(received.includes('retry: 2000\n\n'));
});
