import test from 'ava';
import { sqlTokenStore, type TokenRecord } from '../../gateway/tokens/store.ts';
import { migratedDatabase } from '../support/database.ts';

const NOW = 1_900_000_000_000;

for (const kind of ['sqlite', 'mysql'] as const) {
  test(`${kind}: an account's live tokens are listed as they were recorded, the oldest first`, async (t) => {
    const store = sqlTokenStore(await migratedDatabase(t, kind));
    const young = token({ jti: 'a-young', issuedAt: NOW - 1, name: 'ci ü' });
    const old = token({ jti: 'z-old', issuedAt: NOW - 2 });
    for (const record of [young, old]) await store.record(record);
    t.deepEqual(
      await store.listLive('1', NOW),
      [old, young].map((record) => ({ ...record, lastUsedAt: null })),
    );
  });

  test(`${kind}: expired and revoked tokens are not live`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const store = sqlTokenStore(database);
    await store.record(token({ jti: 'expired', expiresAt: NOW }));
    await store.record(token({ jti: 'revoked' }));
    await store.record(token({ jti: 'live', expiresAt: NOW + 1 }));
    await database.ask(database.sql('gatehouse_tokens').where('jti', 'revoked').update({ revoked_at: NOW }));
    t.deepEqual(
      (await store.listLive('1', NOW)).map(({ jti }) => jti),
      ['live'],
    );
  });

  test(`${kind}: no other spelling of an account id has its tokens`, async (t) => {
    const store = sqlTokenStore(await migratedDatabase(t, kind));
    await store.record(token({ jti: 'one', accountId: 'Ada' }));
    for (const id of ['ada', 'Ada ', 'Áda', 'Ada\0', '', '0']) t.deepEqual(await store.listLive(id, NOW), [], id);
    await store.record(token({ jti: 'ONE', accountId: '1' }));
    t.deepEqual(
      (await store.listLive('Ada', NOW)).map(({ jti }) => jti),
      ['one'],
    );
    t.deepEqual(await store.listLive('01', NOW), []);
    t.deepEqual(await store.listLive('1abc', NOW), []);
  });

  test(`${kind}: a jti is recorded once`, async (t) => {
    const store = sqlTokenStore(await migratedDatabase(t, kind));
    await store.record(token({ jti: 'one' }));
    await t.throwsAsync(store.record(token({ jti: 'one', accountId: '2' })), { message: 'database unavailable' });
    t.deepEqual(await store.listLive('2', NOW), []);
  });

  test(`${kind}: expired records are deleted, the longest expired first and no more than asked`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const store = sqlTokenStore(database);
    for (const offset of [-3, -1, -2, 0, 1]) await store.record(token({ jti: `at${offset}`, expiresAt: NOW + offset }));
    const left = async () => {
      const jtis: unknown[] = await database.ask(database.sql('gatehouse_tokens').orderBy('expires_at').pluck('jti'));
      return jtis.map(String);
    };
    t.is(await store.deleteExpired(NOW, 2), 2);
    t.deepEqual(await left(), ['at-1', 'at0', 'at1']);
    t.is(await store.deleteExpired(NOW, 2), 1);
    t.is(await store.deleteExpired(NOW, 2), 0);
    t.deepEqual(await left(), ['at0', 'at1']);
  });
}

function token(fields: Partial<TokenRecord> & { jti: string }): TokenRecord {
  return { accountId: '1', name: null, issuedAt: NOW - 1000, expiresAt: NOW + 1000, ...fields };
}
