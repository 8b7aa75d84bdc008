import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import test from 'ava';
import { hashingLimits } from '../../../gateway/identify/passwords/hashing-threads.ts';

const MODULE = new URL('../../../gateway/identify/passwords/hashing-threads.ts', import.meta.url).href;
const WIDTH = Math.max(1, Math.min(16, availableParallelism() - 1));

/** What a process that sizes its pool as the gateway does has of it. */
async function poolOf(environment: Record<string, string>): Promise<{ threads: number; width: number }> {
  const program = `
    import { readdirSync, readFileSync } from 'node:fs';
    import { stat } from 'node:fs/promises';
    import { hashingLimits, sizeThreadPool } from ${JSON.stringify(MODULE)};
    sizeThreadPool();
    await stat('/');
    const names = readdirSync('/proc/self/task').map((id) => readFileSync('/proc/self/task/' + id + '/comm', 'utf8'));
    const threads = names.filter((name) => name.startsWith('libuv-worker')).length;
    console.log(JSON.stringify({ threads, width: hashingLimits(1).width }));`;
  const { UV_THREADPOOL_SIZE: _, ...inherited } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...inherited, ...environment },
  });
  return JSON.parse(stdout) as { threads: number; width: number };
}

test('the thread pool has a thread for each hash that may run, and four for DNS look-ups and files', async (t) => {
  t.deepEqual(await poolOf({}), { threads: WIDTH + 4, width: WIDTH });
});

test('a size of the thread pool that the operator has chosen stays, and leaves two threads to others', async (t) => {
  t.deepEqual(await poolOf({ UV_THREADPOOL_SIZE: '3' }), { threads: 3, width: 1 });
});

test('several processes share the cores, and each computes one hash at least', (t) => {
  t.is(hashingLimits(1_000).width, 1);
});
