import test from 'ava';
import { createBackgroundWork } from '../../gateway/owners/background-work.ts';
import { holds } from '../lab/waiting/condition.ts';
import { logLines } from '../support/reports/log-lines.ts';

test('work is done in its order after the caller has gone on, one at a time, and a failure stops none of it', async (t) => {
  const { log, lines } = logLines();
  const background = createBackgroundWork(log, async () => {});
  const done: string[] = [];
  for (const name of ['a', 'b', 'c']) {
    background.run(name, async () => {
      done.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      done.push(`${name} ends`);
      if (name === 'b') throw new Error('no');
    });
  }
  await Promise.resolve();
  t.deepEqual(done, []);
  await background.settled();
  t.deepEqual(done, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  t.is(lines.length, 1);
  t.like(lines[0], { msg: 'background work failed', work: 'b', fault: 'gateway' });
});

test('when too much is waiting, nobody is promised more, and what was promised before is done', async (t) => {
  const background = createBackgroundWork(logLines().log, async () => {});
  const gate = Promise.withResolvers<void>();
  let done = 0;
  for (let i = 0; i < 1_000; i++) {
    await t.notThrowsAsync(background.requireReady);
    background.run('work', async () => {
      await gate.promise;
      done += 1;
    });
  }
  t.like(await t.throwsAsync(background.requireReady), {
    code: 'service_unavailable',
    headers: { 'Retry-After': '5' },
  });
  gate.resolve();
  await background.settled();
  t.is(done, 1_000);
  await t.notThrowsAsync(background.requireReady);
});

test('what has not begun when the gateway ends is given up, with one line that says how much', async (t) => {
  const { log, lines } = logLines();
  const background = createBackgroundWork(log, async () => {});
  const gate = Promise.withResolvers<void>();
  const done: string[] = [];
  background.run('a', async () => {
    done.push('a');
    await gate.promise;
  });
  for (const name of ['b', 'c']) background.run(name, async () => void done.push(name));
  await holds('the first has begun', () => done.length > 0);
  await background.close(0);
  gate.resolve();
  await background.settled();
  await background.close(0);
  t.deepEqual(done, ['a']);
  t.deepEqual(
    lines.map(({ msg, tasks }) => [msg, tasks]),
    [['background work dropped: the gateway stops', 3]],
  );
});
