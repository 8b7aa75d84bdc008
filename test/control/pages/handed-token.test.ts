import test from 'ava';
import { type TokenHandover, tokenHandover } from '../../../gateway/control/pages/handed-token.ts';

test('a new token is handed over once, and only to the session that created it', async (t) => {
  const { handover } = handoverInMemory();
  const made = { name: 'laptop', token: 'secret', scope: ['orders:read'] };
  await handover.put('session', 'jti', made);
  t.is(await handover.take('another session', 'jti'), null);
  t.deepEqual(await handover.take('session', 'jti'), made);
  t.is(await handover.take('session', 'jti'), null);
});

test('a handed-over token of another form, as another release writes it, is not shown', async (t) => {
  const { handover } = handoverInMemory();
  const ofAnotherForm = {
    name: null,
    token: 'secret',
    scope: null,
    toJSON: () => ({ name: null, token: { value: 'secret' } }),
  };
  await handover.put('session', 'jti', ofAnotherForm);
  t.is(await handover.take('session', 'jti'), null);
});

test('a value that the gateway did not write to the store is not shown', async (t) => {
  const { handover, stored } = handoverInMemory();
  await handover.put('session', 'jti', { name: null, token: 'secret', scope: null });
  for (const key of stored.keys()) stored.set(key, 'eyJ0b2tlbiI6IngifQ');
  t.is(await handover.take('session', 'jti'), null);
});

function handoverInMemory(): { handover: TokenHandover; stored: Map<string, string> } {
  const stored = new Map<string, string>();
  const handover = tokenHandover({
    read: async (key) => stored.get(key) ?? null,
    async write(key, content) {
      stored.set(key, content);
    },
    async destroy(key) {
      stored.delete(key);
    },
  });
  return { handover, stored };
}
