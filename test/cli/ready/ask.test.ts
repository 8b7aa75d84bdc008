import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { askReadiness, type Verdict } from '../../../gateway/cli/ready/ask.ts';
import { opsIn, opsOf } from '../../../gateway/cli/ready/ops-address.ts';
import { freePort } from '../../lab/processes/free-port.ts';

const SOON = 300;
const LATE = 30_000;
const STRANGER = 'something else than the ops listener of Gatehouse answers there';

/** What `askReadiness` says of a server. @param limit milliseconds */
async function asking(t: ExecutionContext, serve: (socket: Socket) => void, limit = LATE): Promise<Verdict> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return await askReadiness(addressAt((server.address() as AddressInfo).port), limit);
}

const addressAt = (port: number) => opsOf('a.yaml', { host: '127.0.0.1', port });
const answering = (text: string) => (socket: Socket) => void socket.end(text);
const answer = (status: string, body: string) =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
const unreachable = (reason: string): Verdict => ({ kind: 'unreachable', isReady: false, reason });

test('a server that accepts, and never answers or never ends its answer, is given up at the limit', async (t) => {
  const late: Verdict = { kind: 'late', isReady: false, reason: 'no complete answer within 0.3 s' };
  t.deepEqual(await asking(t, () => {}, SOON), late);
  t.deepEqual(
    await asking(t, (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{'), SOON),
    late,
  );
});

test('half an answer does not count as an answer', async (t) => {
  const cut = unreachable('the connection was closed before the answer was complete');
  t.deepEqual(await asking(t, answering('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"status":"ready"}')), cut);
  t.deepEqual(await asking(t, answering('')), cut);
});

test('another program on the port is called one, whatever it answers', async (t) => {
  for (const text of [
    answer('200 OK', 'Welcome to nginx!'),
    answer('200 OK', 'null'),
    answer('200 OK', '{"status":1}'),
    answer('200 OK', '{"status":"ready","unavailable":"none"}'),
    answer('404 Not Found', '{"status":"not_found"}'),
    answer('302 Found', ''),
    answer('200 OK', ' '.repeat(20_000)),
    'SSH-2.0-OpenSSH_9.2\r\n',
  ]) {
    t.deepEqual(await asking(t, answering(text)), unreachable(STRANGER), text.slice(0, 60));
  }
});

test('nobody there is a reason too, also on a Unix socket', async (t) => {
  t.deepEqual(await askReadiness(addressAt(await freePort()), LATE), unreachable('nothing listens there'));
  const socket = opsIn('unix:/nonexistent/ops.sock');
  t.deepEqual(socket && (await askReadiness(socket, LATE)), unreachable('there is no such socket'));
});

test('a listener on every interface is asked on the loopback interface', (t) => {
  const hosts = { '0.0.0.0': '127.0.0.1', '::': '::1', '0:0::0': '::1', '10.0.0.7': '10.0.0.7', 'fd00::7': 'fd00::7' };
  for (const [host, to] of Object.entries({
    ...hosts,
    'ops.internal': 'ops.internal',
    'fe80::1%eth0': 'fe80::1%eth0',
  })) {
    t.deepEqual(opsOf('a.yaml', { host, port: 8081 }).to, { host: to, port: 8081 });
  }
  t.is(opsOf('a.yaml', { host: 'fd00::7', port: 8081 }).name, 'http://[fd00::7]:8081');
});

test('a Unix socket is asked by its path, and a socket of the service manager only by --url', (t) => {
  t.deepEqual(opsOf('a.yaml', { socket: '/run/o.sock' }), {
    to: { socketPath: '/run/o.sock' },
    name: 'unix:/run/o.sock',
  });
  t.throws(() => opsOf('a.yaml', { fd: 4 }), {
    message: /^a\.yaml: ops\.fd is a socket of the service manager.* --url/,
  });
});

test('the URLs of the log are understood, and no others', (t) => {
  t.deepEqual(opsIn('http://[::]:81')?.to, { host: '::1', port: 81 });
  t.deepEqual(opsIn('http://127.0.0.1:8081/')?.to, { host: '127.0.0.1', port: 8081 });
  t.deepEqual(opsIn('unix:/run/gatehouse/ops.sock')?.to, { socketPath: '/run/gatehouse/ops.sock' });
  for (const text of [
    '',
    'a:81',
    'https://a',
    'http://a/b',
    'http://u@a',
    'http://a?b',
    'http://a:99999',
    'unix:a',
    'unix:/a/',
  ]) {
    t.is(opsIn(text), null, text);
  }
});
