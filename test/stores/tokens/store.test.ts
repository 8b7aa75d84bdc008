import test from 'ava';
import { UNRESTRICTED } from '../../../gateway/domain/identity.ts';
import {
  type ListedRecord,
  type Section,
  sqlTokenStore,
  type TokenRecord,
} from '../../../gateway/stores/tokens/store.ts';
import { DATABASES, migratedDatabase } from '../../lab/stores/database.ts';
import { accepting, liveTokensOf } from '../../support/owners/live-tokens.ts';

const NOW = 1_900_000_000_000;

for (const kind of DATABASES) {
  test(`${kind}: an account's live tokens are listed as they were recorded, the oldest first`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const { record } = sqlTokenStore(database);
    const young = token({ jti: 'a-young', issuedAt: NOW - 1, name: 'ci ü' });
    const old = token({ jti: 'z-old', issuedAt: NOW - 2 });
    for (const one of [young, old]) await record(one);
    t.deepEqual(
      await liveTokensOf(database, '1', NOW),
      [old, young].map(({ bond, ...rest }) => ({ ...rest, lastUsedAt: bond })),
    );
  });

  test(`${kind}: expired and revoked tokens are not live`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const store = sqlTokenStore(database);
    await store.record(token({ jti: 'expired', expiresAt: NOW }));
    await store.record(token({ jti: 'revoked' }));
    await store.record(token({ jti: 'live', expiresAt: NOW + 1 }));
    await database.query(database.sql('gatehouse_tokens').where('jti', 'revoked').update({ revoked_at: NOW }));
    t.deepEqual(idsOf(await liveTokensOf(database, '1', NOW)), ['live']);
    t.is(await store.countLive(accepting('1', NOW), 10), 1);
    const found = async (jti: string) => (await store.findLive(accepting('1', NOW), jti))?.jti ?? null;
    t.deepEqual([await found('live'), await found('revoked'), await found('expired')], ['live', null, null]);
    t.is(await store.findLive(accepting('2', NOW), 'live'), null);
  });

  test(`${kind}: a token is live only under the stamp and with a secret that it was issued with`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const store = sqlTokenStore(database);
    const bond = { boundTo: 'stamp', keyId: 'key' };
    await store.record(token({ jti: 'bound', bond }));
    await store.record(token({ jti: 'other-case', bond: { boundTo: 'Stamp', keyId: 'key' } }));
    await store.record(token({ jti: 'other-key', bond: { boundTo: 'stamp', keyId: 'gone' } }));
    await store.record(token({ jti: 'unknown' }));
    const live = async (more: Parameters<typeof accepting>[2]) => {
      const which = accepting('1', NOW, { boundTo: 'stamp', keyIds: ['new', 'key'], ...more });
      const ids = idsOf(await store.listLive(which, { order: 'oldest first', after: null, limit: 10 }));
      t.is(await store.countLive(which, 10), ids.length);
      for (const jti of ['bound', 'other-case', 'other-key', 'unknown']) {
        t.is((await store.findLive(which, jti)) !== null, ids.includes(jti), jti);
      }
      return ids;
    };
    t.deepEqual(await live({}), ['bound', 'unknown']);
    t.deepEqual(await live({ keyIds: ['new'] }), ['unknown']);
    t.deepEqual(await live({ keyIds: null }), ['bound', 'other-key', 'unknown']);
    t.deepEqual(await live({ boundTo: 'new stamp' }), ['unknown']);
  });

  test(`${kind}: a token that the account's mark voids, or that lives longer than is allowed, is not live`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const store = sqlTokenStore(database);
    await store.record(token({ jti: 'void', issuedAt: NOW - 501 }));
    await store.record(token({ jti: 'long', issuedAt: NOW - 500, expiresAt: NOW + 501 }));
    await store.record(token({ jti: 'live', issuedAt: NOW - 500, expiresAt: NOW + 500 }));
    const which = accepting('1', NOW, { voidBefore: NOW - 500, maxLifetime: 1_000 });
    t.deepEqual(idsOf(await store.listLive(which, { order: 'oldest first', after: null, limit: 10 })), ['live']);
  });

  test(`${kind}: read in sections, in either order, no token is missed or comes twice`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const store = sqlTokenStore(database);
    const moments = [3, 2, 2, 2, 2, 1, 3, 2];
    for (const [i, ago] of moments.entries()) await store.record(token({ jti: `t${i}`, issuedAt: NOW - ago }));
    const all = idsOf(await liveTokensOf(database, '1', NOW));
    t.deepEqual(all, ['t0', 't6', 't1', 't2', 't3', 't4', 't7', 't5']);
    for (const order of ['oldest first', 'newest first'] as const) {
      const read: string[] = [];
      let after: Section['after'] = null;
      for (let rounds = 0; rounds < 4; rounds++) {
        const section = await store.listLive(accepting('1', NOW), { order, after, limit: 3 });
        read.push(...idsOf(section));
        after = section.at(-1) ?? after;
        // What was read last may be gone when the next section is.
        if (after !== null) await database.query(database.sql('gatehouse_tokens').where('jti', after.jti).delete());
        if (after !== null) await store.record(token({ ...after, bond: null }));
      }
      t.deepEqual(read, order === 'oldest first' ? all : all.toReversed());
    }
  });

  test(`${kind}: no more tokens are counted than asked`, async (t) => {
    const store = sqlTokenStore(await migratedDatabase(t, kind));
    for (const jti of ['a', 'b', 'c']) await store.record(token({ jti }));
    t.is(await store.countLive(accepting('1', NOW), 2), 2);
    t.is(await store.countLive(accepting('1', NOW), 4), 3);
    t.is(await store.countLive(accepting('2', NOW), 4), 0);
  });

  test(`${kind}: what has not expired is listed with what became of it, what was revoked last`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const store = sqlTokenStore(database);
    for (const [jti, issuedAt] of [
      ['a', 5],
      ['b', 4],
      ['c', 3],
      ['d', 3],
      ['e', 2],
    ] as const) {
      await store.record(token({ jti, issuedAt: NOW - issuedAt }));
    }
    await store.record(token({ jti: 'void', issuedAt: NOW - 9 }));
    await store.record(token({ jti: 'expired', expiresAt: NOW }));
    const revoke = (jti: string, at: number) =>
      database.query(database.sql('gatehouse_tokens').where('jti', jti).update({ revoked_at: at }));
    for (const [jti, at] of [
      ['a', 20],
      ['c', 10],
      ['d', 10],
    ] as const)
      await revoke(jti, NOW - at);
    const read: string[] = [];
    let last: ListedRecord | null = null;
    for (let rounds = 0; rounds < 5; rounds++) {
      const some: ListedRecord[] = await store.listUnexpired(accepting('1', NOW, { voidBefore: NOW - 8 }), last, 2);
      read.push(...some.map(({ jti, revokedAt, isAccepted }) => `${jti} ${revokedAt ?? 0} ${isAccepted}`));
      last = some.at(-1) ?? last;
    }
    t.deepEqual(read, [
      'void 0 false',
      'b 0 true',
      'e 0 true',
      `a ${NOW - 20} false`,
      `c ${NOW - 10} false`,
      `d ${NOW - 10} false`,
    ]);
  });

  test(`${kind}: no other spelling of an account id has its tokens`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const store = sqlTokenStore(database);
    await store.record(token({ jti: 'one', accountId: 'Ada' }));
    for (const id of ['ada', 'Ada ', 'Áda', 'Ada\0', '', '0'])
      t.deepEqual(await liveTokensOf(database, id, NOW), [], id);
    await store.record(token({ jti: 'ONE', accountId: '1' }));
    t.deepEqual(idsOf(await liveTokensOf(database, 'Ada', NOW)), ['one']);
    t.deepEqual(await liveTokensOf(database, '01', NOW), []);
    t.deepEqual(await liveTokensOf(database, '1abc', NOW), []);
  });

  test(`${kind}: a jti is recorded once`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const store = sqlTokenStore(database);
    await store.record(token({ jti: 'one' }));
    await t.throwsAsync(store.record(token({ jti: 'one', accountId: '2' })), { message: 'database unavailable' });
    t.deepEqual(await liveTokensOf(database, '2', NOW), []);
  });

  test(`${kind}: expired records are deleted, the longest expired first and no more than asked`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const store = sqlTokenStore(database);
    for (const offset of [-3, -1, -2, 0, 1]) await store.record(token({ jti: `at${offset}`, expiresAt: NOW + offset }));
    const left = async () => {
      const jtis: unknown[] = await database.query(database.sql('gatehouse_tokens').orderBy('expires_at').pluck('jti'));
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
  return {
    accountId: '1',
    name: null,
    issuedAt: NOW - 1000,
    expiresAt: NOW + 1000,
    bond: null,
    ...UNRESTRICTED,
    ...fields,
  };
}

function idsOf(tokens: readonly { readonly jti: string }[]): string[] {
  return tokens.map(({ jti }) => jti);
}
