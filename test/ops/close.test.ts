import { mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { stringify } from 'yaml';
import { startGateway } from '../../gateway/compose.ts';
import { checkSettings } from '../../gateway/settings/check.ts';
import { holds } from '../support/condition.ts';
import { requestText } from '../support/forwarding.ts';
import { rawClient, statusOf } from '../support/raw.ts';
import { strayErrors } from '../support/stray-errors.ts';
import { httpUpstream } from '../support/upstream.ts';
import { webSocketTo, webSocketUpstream } from '../support/websocket.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

/** A gateway that the test closes itself. */
async function closable(t: ExecutionContext, upstream: { url: string }) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const checked = checkSettings(
    stringify({
      listen: { port: 0 },
      ops: { port: 0 },
      database: { url: `sqlite:${join(folder, 'gateway.sqlite')}` },
      routes: [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none' }],
    }),
    'test.yaml',
    {},
  );
  if (checked.kind === 'invalid') throw new Error(JSON.stringify(checked.problems));
  const gateway = await startGateway(checked.settings, pino({ level: 'silent' }));
  return { ...gateway, port: Number(new URL(gateway.url).port) };
}

/** An upstream that answers when the test says so. */
async function waiting(t: ExecutionContext) {
  const answers: ServerResponse[] = [];
  const upstream = await httpUpstream(t, (_req, res) => void answers.push(res));
  return { ...upstream, answers };
}

test('closing answers what is under way, then ends its connection at once, without waiting for the grace to pass', async (t) => {
  const upstream = await waiting(t);
  const gateway = await closable(t, upstream);
  const [idle, before, begun] = await Promise.all([1, 2, 3].map(() => rawClient(gateway.port)));
  if (!idle || !before || !begun) throw new Error('unreachable');
  before.send(requestText('GET /s?before'));
  begun.send(requestText('GET /s?begun'));
  await holds('both are under way', () => upstream.answers.length === 2);
  upstream.answers
    .find(({ req }) => req.url === '/s?begun')
    ?.writeHead(200, { 'Content-Length': 4 })
    .write('be');
  await begun.until(/be$/);

  const closed = gateway.close({ delay: 0, timeout: 30_000 });
  await idle.ended();
  for (const answer of upstream.answers) answer.end(answer.headersSent ? 'un' : 'answered');
  t.regex(await before.ended(), /answered$/);
  t.is(statusOf(await begun.ended()), 200);
  t.regex(begun.received(), /beun$/);
  const started = performance.now();
  await closed;
  t.true(performance.now() - started < 5_000);
});

test('while it closes nobody new is let in, and the ops listener says that it is not ready', async (t) => {
  const upstream = await waiting(t);
  const gateway = await closable(t, upstream);
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /s'));
  await holds('it is under way', () => upstream.answers.length === 1);
  const closed = gateway.close({ delay: 0, timeout: 30_000 });
  await t.throwsAsync(rawClient(gateway.port), { code: 'ECONNREFUSED' });
  t.is((await fetch(`${gateway.opsUrl}/health/ready`)).status, 503);
  t.is((await fetch(`${gateway.opsUrl}/health/live`)).status, 200);
  upstream.answers[0]?.end('answered');
  t.regex(await client.ended(), /answered/);
  await closed;
});

test('what is under way after the grace is cut, and WebSockets end at once', async (t) => {
  const upstream = await waiting(t);
  const gateway = await closable(t, upstream);
  const client = await rawClient(gateway.port);
  client.send(requestText('GET /s'));
  await holds('it is under way', () => upstream.answers.length === 1);
  await gateway.close({ delay: 0, timeout: 200 });
  t.is(await client.ended(), '');
  await holds('the upstream is let go', () => upstream.answers[0]?.destroyed === true);

  const sockets = await webSocketUpstream(t);
  const tunnelled = await closable(t, sockets);
  const socket = await webSocketTo(t, `${tunnelled.url}/s`);
  await tunnelled.close({ delay: 0, timeout: 30_000 });
  await holds('both ends are told', () => socket.readyState === 3 && sockets.sockets[0]?.readyState === 3);
});
