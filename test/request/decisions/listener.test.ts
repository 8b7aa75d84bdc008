import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { OperatorError } from '../../../gateway/domain/errors.ts';
import { listen } from '../../../gateway/ops/listen.ts';
import { createDecisionListener } from '../../../gateway/request/decisions/decision-listener.ts';
import type { Listener } from '../../../gateway/request/listener.ts';
import { recordOfNoRequest } from '../../../gateway/request/record.ts';
import { testGateway } from '../../lab/gateways/gateway.ts';
import { closable } from '../../support/gateways/closable.ts';
import { FOR, told } from '../../support/gateways/decisions.ts';
import { rawClient } from '../../support/http/raw.ts';

const NOWHERE = { url: 'http://127.0.0.1:1' };
const ROUTES = [{ name: 's', path: '/s', auth: 'none' }];

function socketIn(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-socket-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'decisions.sock');
}

function askOver(socketPath: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { 'X-Forwarded-For': '203.0.113.7' };
    request({ socketPath, path: '/forward-auth/@s', headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

/** The listener, without a gateway: each subrequest may pass. */
async function listenerAlone(t: ExecutionContext): Promise<Listener & { readonly port: number }> {
  const record = recordOfNoRequest('', '127.0.0.1');
  const listener = createDecisionListener({
    log: pino({ level: 'silent' }),
    meter: { decided() {} },
    decide: () => ({ record, answer: { status: 200, reason: 'OK', fields: ['Content-Length', '0'], body: '' } }),
    mayAsk: () => true,
    timeouts: { headers: 10_000, idle: 10_000 },
  });
  t.teardown(listener.cut);
  const url = await listen(listener.server, 'decisions', { host: '127.0.0.1', port: 0 }, true);
  return { ...listener, port: Number(new URL(url).port) };
}

test('a Unix socket is for its owner and group, answers, and is removed at shutdown', async (t) => {
  const socket = socketIn(t);
  const gateway = await closable(t, NOWHERE, { decisions: { socket }, routes: ROUTES });
  t.is(gateway.decisionsUrl, `unix:${socket}`);
  t.is(statSync(socket).mode & 0o777, 0o660);
  t.is(await askOver(socket), 200);
  await gateway.close({ delay: 0, timeout: 0 });
  t.false(existsSync(socket));
});

test('a socket that a dead process has left is replaced', async (t) => {
  const socket = socketIn(t);
  const left = createServer().listen(socket);
  await new Promise((resolve) => left.once('listening', resolve));
  // Node removes the file when it closes the server, unless it has another name by then.
  const { renameSync } = await import('node:fs');
  renameSync(socket, `${socket}.kept`);
  await new Promise((resolve) => left.close(resolve));
  renameSync(`${socket}.kept`, socket);
  const gateway = await closable(t, NOWHERE, { decisions: { socket }, routes: ROUTES });
  t.is(await askOver(socket), 200);
  await gateway.close({ delay: 0, timeout: 0 });
});

test('a socket in use, a file that is none, and a folder that is missing are one line each', async (t) => {
  const socket = socketIn(t);
  const other = createServer().listen(socket);
  await new Promise((resolve) => other.once('listening', resolve));
  const inUse = await t.throwsAsync(closable(t, NOWHERE, { decisions: { socket }, routes: ROUTES }), {
    instanceOf: OperatorError,
  });
  t.regex(inUse.message, /^decisions: cannot listen on .*in use by another program/);
  await new Promise((resolve) => other.close(resolve));

  writeFileSync(socket, 'kept');
  const file = await t.throwsAsync(closable(t, NOWHERE, { decisions: { socket }, routes: ROUTES }), {
    instanceOf: OperatorError,
  });
  t.regex(file.message, /it is not a socket/);
  t.true(existsSync(socket));

  const missing = `${socket}.d/decisions.sock`;
  const folder = await t.throwsAsync(closable(t, NOWHERE, { decisions: { socket: missing }, routes: ROUTES }), {
    instanceOf: OperatorError,
  });
  t.regex(folder.message, /^decisions: cannot listen on .*Set decisions\.socket/);
});

test('a peer that is not listed is cut off, and said once', async (t) => {
  const gateway = await testGateway(t, { decisions: { port: 0, peers: ['192.0.2.0/24'] }, routes: ROUTES });
  const port = Number(new URL(gateway.decisionsUrl).port);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const stranger = await rawClient(port);
    stranger.send('GET /forward-auth/@s HTTP/1.1\r\n\r\n');
    t.is(await stranger.ended(), '');
  }
  const lines = gateway.log.filter(({ msg }) => String(msg).includes('decisions.peers'));
  t.deepEqual(
    lines.map(({ peer }) => peer),
    ['127.0.0.1'],
  );
});

test('listed peers may ask', async (t) => {
  const gateway = await testGateway(t, { decisions: { port: 0, peers: ['127.0.0.0/8'] }, routes: ROUTES });
  t.is((await told(gateway, ['GET /forward-auth/@s HTTP/1.1', FOR])).status, 200);
});

test('from the beginning of the shutdown on, an answer ends its connection, and then idle ones end at once', async (t) => {
  const listener = await listenerAlone(t);
  const [idle, asking] = await Promise.all([rawClient(listener.port), rawClient(listener.port)]);
  asking.send(`GET /forward-auth/@s HTTP/1.1\r\nHost: x\r\n${FOR}\r\n\r\n`);
  t.notRegex(await asking.until(/\r\n\r\n$/), /connection: close/i);
  listener.drain();
  asking.send(`GET /forward-auth/@s HTTP/1.1\r\nHost: x\r\n${FOR}\r\n\r\n`);
  t.regex(await asking.until(/200 OK[\s\S]*200 OK[\s\S]*\r\n\r\n$/), /connection: close\r\n\r\n$/i);
  await asking.ended();
  const closed = listener.close();
  t.is(await idle.ended(), '');
  await closed;
});
