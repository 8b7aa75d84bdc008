import test from 'ava';
import { restartDelay } from '../../../gateway/cli/cluster/restart-delay.ts';

test('each death waits twice as long for its replacement, up to half a minute', (t) => {
  const delays: number[] = [];
  for (let deaths = 0; deaths < 12; ) {
    const next = restartDelay(deaths, 500);
    delays.push(next.delay);
    deaths = next.deaths;
  }
  t.deepEqual(delays, [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000, 30_000]);
});

test('deaths are forgotten for one that has lived for a minute', (t) => {
  t.deepEqual(restartDelay(9, 60_000), { deaths: 1, delay: 100 });
  t.deepEqual(restartDelay(9, 59_999), { deaths: 10, delay: 30_000 });
});
