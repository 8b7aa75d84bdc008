import test from 'ava';
import { digestForTokens } from '../../../gateway/domain/account.ts';
import { UNRESTRICTED } from '../../../gateway/domain/identity.ts';
import { liveTokens } from '../../../gateway/stores/tokens/live-tokens.ts';
import { sqlTokenStore } from '../../../gateway/stores/tokens/store.ts';
import { DATABASES, type DatabaseKind, migratedDatabase } from '../../lab/stores/database.ts';

const ADA = {
  id: '1',
  email: 'ada@example.com',
  logins: ['ada@example.com'],
  passwordHash: null,
  confirmed: true,
  stamp: 'part.rest',
  groups: [],
};
const RULES = { keyIds: ['key'], maxLifetime: 3_600_000, cutoffOf: () => 0, now: Date.now };

async function adasTokens(t: Parameters<typeof migratedDatabase>[0], kind: DatabaseKind, names: (string | null)[]) {
  const store = sqlTokenStore(await migratedDatabase(t, kind));
  const issuedAt = Math.floor(Date.now() / 1000) * 1000;
  const bond = { boundTo: digestForTokens(ADA.stamp), keyId: 'key' };
  for (const [i, name] of names.entries()) {
    const jti = String(i).padStart(5, '0');
    await store.record({ jti, accountId: '1', name, issuedAt, expiresAt: issuedAt + 60_000, bond, ...UNRESTRICTED });
  }
  return liveTokens(store, RULES);
}

const SECTION = { order: 'oldest first', after: null, limit: 10 } as const;

for (const kind of DATABASES) {
  test(`${kind}: a search finds a part of a name in whatever case, and signs of SQL are only signs`, async (t) => {
    const live = await adasTokens(t, kind, ['Nightly ÜBUNG', null, 'nightly', '100 % sure', 'under_score', 'ubung']);
    const found = async (text: string) => (await live.search(ADA, text, SECTION)).map(({ name }) => name);
    t.deepEqual(await found('NIGHT'), ['Nightly ÜBUNG', 'nightly']);
    t.deepEqual(await found('übung'), ['Nightly ÜBUNG']);
    t.deepEqual(await found('u\u0308bung'), ['Nightly ÜBUNG']);
    t.deepEqual(await found('%'), ['100 % sure']);
    t.deepEqual(await found('_'), ['under_score']);
    t.deepEqual(await found("'"), []);
  });
}

test('a search goes on where it left off, however many lie between what it finds', async (t) => {
  const names = Array.from({ length: 2_300 }, (_, i) => (i % 1_100 === 0 ? `wanted ${i}` : 'another'));
  const live = await adasTokens(t, 'sqlite', names);
  const [first, ...more] = await live.search(ADA, 'wanted', { ...SECTION, limit: 1 });
  t.deepEqual([first?.name, more.length], ['wanted 0', 0]);
  const rest = await live.search(ADA, 'wanted', { ...SECTION, after: first ?? null });
  t.deepEqual(
    rest.map(({ name }) => name),
    ['wanted 1100', 'wanted 2200'],
  );
  const last = await live.search(ADA, 'wanted', { order: 'newest first', after: null, limit: 1 });
  t.is(last[0]?.name, 'wanted 2200');
});

test('a change that leaves tokens alone leaves them in the list, and a new stamp takes them from it', async (t) => {
  const live = await adasTokens(t, 'sqlite', ['one']);
  t.is(await live.count({ ...ADA, stamp: 'part' }, 5), 1);
  t.is(await live.count({ ...ADA, stamp: 'part.other' }, 5), 1);
  t.is(await live.count({ ...ADA, stamp: 'other.rest' }, 5), 0);
});
