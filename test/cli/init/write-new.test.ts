import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { writeNew } from '../../../gateway/cli/init/write-new.ts';

const FILES = [
  { name: 'secrets/token', text: 's', mode: 0o600 },
  { name: 'gateway.yaml', text: 'y', mode: 0o644 },
];

function emptyFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-write-new-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

const everythingIn = (folder: string) => (readdirSync(folder, { recursive: true }) as string[]).sort();

test('the files are whole when they are checked, and have their names only after that', (t) => {
  const folder = emptyFolder(t);
  const target = join(folder, 'a/b');
  writeNew(target, FILES, (temporary) => {
    t.is(readFileSync(join(temporary, 'secrets/token'), 'utf8'), 's');
    t.is(readFileSync(join(temporary, 'gateway.yaml'), 'utf8'), 'y');
    t.is(statSync(temporary).mode & 0o077, 0);
    t.deepEqual(
      readdirSync(target).filter((name) => !name.startsWith('.')),
      [],
    );
  });
  t.deepEqual(everythingIn(target), ['gateway.yaml', 'secrets', 'secrets/token']);
  t.is(statSync(join(target, 'secrets')).mode & 0o777, 0o700);
  t.is(statSync(join(target, 'secrets/token')).mode & 0o777, 0o600);
});

test('a check that fails leaves neither files nor the folders made for them', (t) => {
  const folder = emptyFolder(t);
  const refuse = () => {
    throw new Error('refused');
  };
  t.throws(() => writeNew(join(folder, 'a/b'), FILES, refuse), { message: 'refused' });
  t.deepEqual(everythingIn(folder), []);
  mkdirSync(join(folder, 'there'));
  t.throws(() => writeNew(join(folder, 'there'), FILES, refuse), { message: 'refused' });
  t.deepEqual(everythingIn(folder), ['there']);
});

test('a file that another program writes meanwhile is kept, and those written before it go', (t) => {
  const folder = emptyFolder(t);
  const other = () => writeFileSync(join(folder, 'gateway.yaml'), 'other');
  t.throws(() => writeNew(folder, FILES, other), { message: /gateway\.yaml exists already, so nothing was written/ });
  t.deepEqual(everythingIn(folder), ['gateway.yaml']);
  t.is(readFileSync(join(folder, 'gateway.yaml'), 'utf8'), 'other');
});

test('a folder that takes no files is an error of one line', (t) => {
  t.throws(() => writeNew('/proc/gatehouse', FILES, () => {}), {
    message: /^Nothing was written into \/proc\/gatehouse: ENOENT: /,
  });
});
