import test from 'ava';
import { foldedName, rememberByName } from '../../gateway/fields/name.ts';

for (const [name, folded] of [
  ['Content-Length', 'content-length'],
  ['content_length', 'content-length'],
  ["C!o#n$t%e&n'", 'c-o-n-t-e-n'],
  ['Content--Length', 'content-length'],
  ['_Content-Length_', 'content-length'],
  ['HTTP_CONTENT_LENGTH', 'content-length'],
  ['HTTP_HTTP_X_USER_ID', 'x-user-id'],
  ['Http-Host', 'host'],
  ['HTTP_', 'http'],
  ['HTTP2-Settings', 'http2-settings'],
  ['---', ''],
] as const) {
  test(`${name} reads as ${folded === '' ? 'nothing' : folded}`, (t) => t.is(foldedName(name), folded));
}

test('what is derived from a name is remembered while the name is in use, however many others come', (t) => {
  const derived = new Map<string, number>();
  const look = rememberByName((name) => {
    derived.set(name, (derived.get(name) ?? 0) + 1);
    return name.toUpperCase();
  });
  for (let i = 0; i < 10_000; i++) {
    t.is(look('accept'), 'ACCEPT');
    look(`x-invented-${i}`);
  }
  t.is(derived.get('accept'), 1);
  // One that nobody has used for long is forgotten, and known again at its next use.
  look('x-invented-0');
  look('x-invented-0');
  t.is(derived.get('x-invented-0'), 2);
});

test('a name that is longer than any in use is remembered by nobody', (t) => {
  let times = 0;
  const look = rememberByName(() => {
    times += 1;
    return times;
  });
  const long = 'x'.repeat(65);
  look(long);
  look(long);
  t.is(times, 2);
});
