import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { newAssertionKey, parseAssertionKey } from '../../gateway/settings/schema/assertion-key.ts';
import { createKeyCompletion, existingKeys, pemOf } from '../../gateway/signing/assertion-keys.ts';
import { ROUTES, settingsOf } from '../settings/problems.ts';

test('with SQLite and no keys, one is generated beside the database for its owner alone, and stays', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const database = join(folder, 'new', 'g.sqlite');
  const file = `${database}.assertion.pem`;
  const text = `database: { url: "sqlite:${database}" }\nassertion: { issuer: "https://a" }\n${ROUTES}`;
  const settings = settingsOf(t, text);
  t.is(existingKeys(settings), null);
  const complete = createKeyCompletion();
  const [key] = complete(settings).assertion?.keys ?? [];
  t.is(statSync(file).mode & 0o777, 0o600);
  t.deepEqual(parseAssertionKey(readFileSync(file, 'utf8')), key);
  t.deepEqual(createKeyCompletion()(settings).assertion?.keys, [key]);
  t.deepEqual(existingKeys(settings), [key]);

  rmSync(file);
  t.deepEqual(complete(settings).assertion?.keys, [key], 'a running process keeps it');
  writeFileSync(file, '-----BEGIN PRIVATE KEY-----\nMIG', { mode: 0o600 });
  t.throws(() => createKeyCompletion()(settings), {
    name: 'OperatorError',
    message: /pem is malformed PEM\. Delete it/,
  });
  rmSync(file);
  chmodSync(join(folder, 'new'), 0o500);
  t.teardown(() => chmodSync(join(folder, 'new'), 0o700));
  if (process.getuid?.() !== 0)
    t.throws(() => createKeyCompletion()(settings), { message: /make the folder writable/ });
});

test('a key is the same in every form', (t) => {
  const key = newAssertionKey();
  for (const text of [
    pemOf(key),
    ` ${pemOf(key).replaceAll('\n', '\r\n')}`,
    JSON.stringify(key),
    JSON.stringify({ ...key, use: 'sig', kid: 'x' }),
  ]) {
    t.deepEqual(parseAssertionKey(text), key);
  }
});

test('settings without assertion, or with keys, are left as they are', (t) => {
  const plain = settingsOf(t, ROUTES);
  t.is(createKeyCompletion()(plain), plain);
  const given = settingsOf(
    t,
    `assertion: { issuer: "https://a", keys: '${JSON.stringify(newAssertionKey())}' }\n${ROUTES}`,
  );
  t.is(createKeyCompletion()(given), given);
});
