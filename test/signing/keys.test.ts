import { createHmac } from 'node:crypto';
import test from 'ava';
import { derivedKey } from '../../gateway/signing/keys.ts';

const SECRET = 'a secret of thirty-two bytes or more';

test('a derived key is that of RFC 5869 with SHA-256, no salt, and the purpose as its info', (t) => {
  const extracted = createHmac('sha256', Buffer.alloc(32)).update(SECRET).digest();
  const expanded = createHmac('sha256', extracted).update('gatehouse session cookie').update(Buffer.of(1)).digest();
  t.deepEqual(derivedKey(SECRET, 'session cookie'), expanded);
});

test('another purpose or another secret is another key', (t) => {
  const keys = [
    derivedKey(SECRET, 'session cookie'),
    derivedKey(SECRET, 'form token'),
    derivedKey(SECRET, ''),
    derivedKey(`${SECRET}.`, 'session cookie'),
    Buffer.from(SECRET),
  ].map((key) => key.toString('hex'));
  t.is(new Set(keys).size, keys.length);
});
