import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { OperatorError } from '../../gateway/domain/errors.ts';
import { loadSettings, SettingsError } from '../../gateway/settings/read/load.ts';
import { ROUTES } from './problems.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-load-'));
test.after.always(() => rmSync(folder, { recursive: true }));

function written(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

test('a file that is right gives settings', (t) => {
  t.is(loadSettings(written('right.yaml', ROUTES), {}).routes[0]?.name, 'orders');
});

test('a file with problems gives one error with a line for each', (t) => {
  const file = written('wrong.yaml', `lgo: 1\nlisten: { port: x }\n${ROUTES}`);
  const error = t.throws(() => loadSettings(file, {}), { instanceOf: SettingsError });
  t.true(error instanceof OperatorError);
  t.deepEqual(error?.problems[0], {
    file,
    line: 1,
    column: 1,
    key: 'lgo',
    message: 'unknown key "lgo"; did you mean "log"?',
  });
  t.deepEqual(
    error?.message.split('\n').map((line) => line.split('  ').slice(0, 2)),
    [
      [`${file}:1:1`, 'lgo'],
      [`${file}:2:17`, 'listen.port'],
    ],
  );
});

const UNREADABLE: readonly [name: string, file: () => string, message: RegExp][] = [
  ['a file that is not there', () => join(folder, 'absent.yaml'), /no such file; create it or name another/],
  ['a folder that is not there', () => join(written('plain', 'x'), 'gateway.yaml'), /not a directory/],
  ['a directory', () => folder, /is a directory; name a file/],
  ['a device', () => '/dev/zero', /a pipe or device; name a regular file/],
  ['a file that is not UTF-8', () => written('latin1.yaml', Buffer.from([0x61, 0xe9])), /not UTF-8/],
  ['a file that is too large', () => written('large.yaml', ' '.repeat(1_048_577)), /1048577 bytes; at most 1048576/],
];

for (const [name, fileOf, message] of UNREADABLE) {
  test(`${name} is one clear line`, (t) => {
    const file = fileOf();
    const error = t.throws(() => loadSettings(file, {}), { instanceOf: SettingsError });
    t.is(error?.problems.length, 1);
    t.true(error?.message.startsWith(`${file}:1:1  cannot read the configuration: `), error?.message);
    t.regex(error?.message ?? '', message);
  });
}
