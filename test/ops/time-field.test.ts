import test from 'ava';
import { timeField } from '../../gateway/ops/time-field.ts';

test('the time of a log line is that of the moment, to the millisecond', (t) => {
  const midnight = Date.UTC(2026, 11, 31, 23, 59, 58);
  for (const after of [0, 1, 9, 10, 99, 100, 999, 1_000, 1_001, 1_999, 2_000, 1_500, 3_600_000]) {
    const now = midnight + after;
    t.is(timeField(now), `,"time":"${new Date(now).toISOString()}"`);
  }
});
