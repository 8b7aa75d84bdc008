import test from 'ava';
import { readReport } from '../../proof/races/batch.ts';

const REPORT = `TAP version 13
ok 1 - headers › keeps what it must
not ok 2 - outages › answers 503
  ---
    name: AssertionError
  ...
ok 3 - headers › not ok is no failure
not ok 4 - test/x.test.ts exited with a non-zero exit code: 1

1..4
# tests 4
`;

test('the tests of a report are counted, and each that failed has what is said of it', (t) => {
  const { tests, failures } = readReport(REPORT);
  t.is(tests, 4);
  t.deepEqual(
    failures.map(({ name }) => name),
    ['outages › answers 503', 'test/x.test.ts exited with a non-zero exit code: 1'],
  );
  t.regex(failures[0]?.report ?? '', /AssertionError/);
  t.notRegex(failures[0]?.report ?? '', /headers/);
});

test('a report that breaks off has the failures up to there', (t) => {
  t.is(readReport(REPORT.slice(0, REPORT.indexOf('  ---'))).failures.length, 1);
  t.deepEqual(readReport(''), { tests: 0, failures: [] });
});
