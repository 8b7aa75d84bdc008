import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';
import { computeInThread } from '../../../../gateway/identify/passwords/hashes/rounds/threads.ts';
import { compute, type RoundsWork } from '../../../../gateway/identify/passwords/hashes/rounds/work.ts';

const THREADS = new URL('../../../../gateway/identify/passwords/hashes/rounds/threads.ts', import.meta.url).href;

function work(rounds: number, password = 'secret'): RoundsWork {
  return { recipe: 'phpass', digest: 'sha512', salt: 'abcdefgh', rounds, password };
}

test('the event loop turns while a hash of many rounds is computed', async (t) => {
  let turns = 0;
  let isDone = false;
  const turn = () => {
    turns += 1;
    if (!isDone) setImmediate(turn);
  };
  const digest = computeInThread(work(2 ** 16)).finally(() => {
    isDone = true;
  });
  turn();
  t.deepEqual(await digest, compute(work(2 ** 16)));
  t.true(turns > 100, `${turns} turns`);
});

test('hashes computed at once get each its own result', async (t) => {
  const passwords = Array.from({ length: 20 }, (_, index) => `secret ${index}`);
  const digests = await Promise.all(passwords.map((password) => computeInThread(work(128, password))));
  t.deepEqual(
    digests,
    passwords.map((password) => compute(work(128, password))),
  );
});

test('a thread that fails refuses its hash, and the next one has another thread', async (t) => {
  const impossible = JSON.parse('{ "recipe": "phpass", "digest": "md17", "salt": "", "rounds": 1, "password": "" }');
  await t.throwsAsync(computeInThread(impossible));
  t.deepEqual(await computeInThread(work(1)), compute(work(1)));
});

test('threads without work do not keep a process alive', async (t) => {
  const program = `
    import { computeInThread } from ${JSON.stringify(THREADS)};
    console.log((await computeInThread(${JSON.stringify(work(1))})).toString('hex'));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  t.is(stdout.trim(), compute(work(1)).toString('hex'));
});
