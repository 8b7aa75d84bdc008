import { fileURLToPath } from 'node:url';
import test from 'ava';
import { startExampleUpstream } from '../../gateway/cli/example-upstream.ts';
import { OperatorError } from '../../gateway/domain/errors.ts';
import { startProgram } from '../support/run/program.ts';

const FILE = fileURLToPath(new URL('../../gateway/cli/example-upstream.ts', import.meta.url));
const HERE = { host: '127.0.0.1', port: 0 };

test('it answers any request with what it received', async (t) => {
  const upstream = await startExampleUpstream(HERE);
  t.teardown(upstream.close);
  const answer = await fetch(`${upstream.url}/orders/7?full=1`, {
    method: 'POST',
    body: 'x'.repeat(200_000),
    headers: { 'X-User-Id': '42' },
  });
  t.is(answer.status, 200);
  const text = await answer.text();
  t.true(text.endsWith('}\n'));
  t.like(JSON.parse(text), { service: 'example', method: 'POST', path: '/orders/7?full=1', userId: '42' });
});

test('without an identity the user is null, and its health is good', async (t) => {
  const upstream = await startExampleUpstream(HERE);
  t.teardown(upstream.close);
  t.like(await (await fetch(upstream.url)).json(), { userId: null });
  const health = await fetch(`${upstream.url}/health`);
  t.is(health.status, 200);
  t.deepEqual(await health.json(), { status: 'ok' });
});

/** Ports that are tried: in the moment that one is free, a test beside this one may be given it. */
const TRIES = 5;

test('close frees the address although a client keeps its connection', async (t) => {
  const reopened = async (tries: number): Promise<void> => {
    const first = await startExampleUpstream(HERE);
    await (await fetch(first.url)).text();
    await first.close();
    const port = Number(new URL(first.url).port);
    const second = await startExampleUpstream({ host: '127.0.0.1', port }).catch((error: unknown) => {
      if (tries === 1) throw error;
    });
    if (second === undefined) return await reopened(tries - 1);
    t.is(second.url, first.url);
    await second.close();
  };
  await reopened(TRIES);
});

test('an address in use is an error that names it', async (t) => {
  const first = await startExampleUpstream(HERE);
  t.teardown(first.close);
  const port = Number(new URL(first.url).port);
  const error = await t.throwsAsync(startExampleUpstream({ host: '127.0.0.1', port }), { instanceOf: OperatorError });
  t.regex(error.message, new RegExp(`127\\.0\\.0\\.1:${port} \\(EADDRINUSE\\)`));
});

test('by itself it serves until SIGTERM, and refuses a port that is none in one line', async (t) => {
  const program = startProgram([FILE], '.', { HOST: '127.0.0.1', PORT: '0' });
  t.teardown(() => program.kill('SIGKILL'));
  await program.printed('Example upstream on http://127.0.0.1:');
  program.kill('SIGTERM');
  t.is((await program.ended).code, 0);
  const refused = await startProgram([FILE], '.', { PORT: 'http' }).ended;
  t.is(refused.code, 1);
  t.is(refused.stderr, 'PORT is "http": it must be a whole number from 0 to 65535.\n');
});
