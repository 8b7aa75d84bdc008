import test from 'ava';
import { canonicalEmail, validateEmail } from '../../gateway/domain/account.ts';

test('the canonical form does not depend on how an email is composed or cased', (t) => {
  t.is(canonicalEmail('ÜMIT@Example.COM'), 'ümit@example.com');
  t.is(canonicalEmail('U\u0308MIT@x'), 'ümit@x');
  t.is(canonicalEmail('J\u030c@x'), '\u01f0@x');
  t.not(canonicalEmail('ümit@x'), canonicalEmail('umit@x'));
  t.is(canonicalEmail(' a@x '), ' a@x ');
});

test('the canonical form of every character is its own canonical form', (t) => {
  const unstable: string[] = [];
  for (let point = 0; point <= 0x1ffff; point++) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    const text = `a${String.fromCodePoint(point)}b@x`;
    const once = canonicalEmail(text);
    if (canonicalEmail(once) !== once || canonicalEmail(text.normalize('NFD')) !== once)
      unstable.push(point.toString(16));
  }
  t.deepEqual(unstable, []);
});

test('an email of an account may be anything that HTTP Basic can carry and a person can tell apart', (t) => {
  for (const email of ['ada@example.com', 'ümit@x', '李@例え.jp', "o'hara+x@localhost", `${'a'.repeat(252)}@x`]) {
    t.notThrows(() => validateEmail(email), email);
  }
});

test('an email that could not sign in, or that looks like another, is refused with the reason', (t) => {
  const cases: [string, RegExp][] = [
    ['', /empty/],
    ['ada', /exactly one @/],
    ['a@b@c', /exactly one @/],
    ['@x', /exactly one @/],
    ['a@', /exactly one @/],
    ['a:b@x', /colon/],
    ['a@x ', /white space/],
    ['a\u00a0b@x', /white space/],
    ['a\tb@x', /control character/],
    ['a\0@x', /control character/],
    ['a\u200b@x', /invisible character/],
    ['a\u202eb@x', /invisible character/],
    ['\ud800@x', /Unicode/],
    [`${'a'.repeat(253)}@x`, /254 bytes/],
    [`${'ü'.repeat(127)}@x`, /254 bytes/],
    [`${'İ'.repeat(126)}@x`, /254 bytes/],
  ];
  for (const [email, message] of cases) {
    t.throws(() => validateEmail(email), { name: 'OperatorError', message }, JSON.stringify(email));
  }
});
