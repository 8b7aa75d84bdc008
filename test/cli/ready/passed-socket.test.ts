import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, ListenOptions } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { passedSocket } from '../../../gateway/cli/ready/passed-socket.ts';
import { startProcess } from '../../lab/processes/server-process.ts';
import { gatehouse } from '../../support/processes/command.ts';

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-passed-'));
test.after.always(() => rm(folder, { recursive: true }));

/** A server that says it is ready. */
async function listening(t: ExecutionContext, where: ListenOptions): Promise<Server> {
  const server = createServer((_, res) => res.end('{"status":"ready"}')).listen(where);
  await once(server, 'listening');
  t.teardown(() => server.close().closeAllConnections());
  return server;
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;
const descriptorOf = (server: Server) => (server as unknown as { _handle: { fd: number } })._handle.fd;

/** A process that has the sockets as a service manager passes them, and does nothing. @returns its id */
function passedTo(t: ExecutionContext, servers: readonly Server[]): number {
  const env = { PATH: process.env.PATH, LISTEN_FDNAMES: 'web:operators:local' };
  const program = startProcess('sleep', ['600'], env, servers.map(descriptorOf));
  t.teardown(() => program.end('SIGKILL'));
  return program.pid;
}

test('the address of a socket that another process was passed is found by number and by name', async (t) => {
  const path = join(folder, 'ops of it.sock');
  const servers = await Promise.all(
    [{ port: 0, host: '127.0.0.2' }, { port: 0, host: '::1' }, { path }].map((where) => listening(t, where)),
  );
  const pid = passedTo(t, servers);
  const [first, second] = servers.slice(0, 2).map(portOf);
  t.deepEqual(passedSocket(pid, 3), { host: '127.0.0.2', port: first });
  t.deepEqual(passedSocket(pid, 'web'), { host: '127.0.0.2', port: first });
  t.deepEqual(passedSocket(pid, 'operators'), { host: '0:0:0:0:0:0:0:1', port: second });
  t.deepEqual(passedSocket(pid, 5), { path });
  for (const fd of [0, 99, 'other']) t.is(passedSocket(pid, fd), null);
  t.is(passedSocket(2 ** 30, 3), null);
});

test('ready asks the socket of ops.fd in the process that --pid names', async (t) => {
  const server = await listening(t, { port: 0, host: '0.0.0.0' });
  const pid = passedTo(t, [server]);
  const file = join(folder, 'gateway.yaml');
  await writeFile(file, 'ops: { fd: web }\n');
  const ready = (...args: string[]) => gatehouse(['ready', '--config', file, ...args]);
  t.deepEqual(await ready('--pid', String(pid)), { code: 0, stdout: 'ready\n', stderr: '' });
  const unnamed = await ready();
  t.is(unnamed.code, 1);
  t.regex(
    unnamed.stderr,
    /ops\.fd is a socket of the service manager; name the process of the gateway with --pid, or name the listener with --url/,
  );
  const other = await ready('--pid', String(process.pid));
  t.is(other.code, 1);
  t.regex(
    other.stderr,
    new RegExp(`process ${process.pid} has no listening socket web, which is ops.fd, or this user may not see it`),
  );
});
