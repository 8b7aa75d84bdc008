import test from 'ava';
import { UNRESTRICTED } from '../../../gateway/domain/identity.ts';
import { revokeToken } from '../../../gateway/revocation/revocations.ts';
import { trackLastUsed } from '../../../gateway/stores/tokens/last-used.ts';
import { sqlTokenStore } from '../../../gateway/stores/tokens/store.ts';
import { DATABASES, migratedDatabase } from '../../lab/stores/database.ts';
import { liveTokensOf } from '../../support/owners/live-tokens.ts';

for (const kind of DATABASES) {
  test(`${kind}: the moment of use is written for the tokens that were used, in as many statements as batches`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const store = sqlTokenStore(database);
    const now = Date.now();
    for (const jti of ['used', 'unused']) {
      await store.record({
        jti,
        accountId: '1',
        name: null,
        issuedAt: now,
        expiresAt: now + 60_000,
        bond: null,
        ...UNRESTRICTED,
      });
    }
    let statements = 0;
    const lastUsed = trackLastUsed(
      {
        ...database,
        query(statement) {
          statements += 1;
          return database.query(statement);
        },
      },
      Date,
      () => false,
    );
    t.teardown(lastUsed.close);
    for (let i = 0; i < 1_000; i++) lastUsed.note(claims('used', now));
    await lastUsed.flush();
    t.is(statements, 1);
    const moments = new Map((await liveTokensOf(database, '1', now)).map(({ jti, lastUsedAt }) => [jti, lastUsedAt]));
    t.true((moments.get('used') ?? 0) >= now);
    t.is(moments.get('unused'), null);
    await lastUsed.flush();
    t.is(statements, 1, 'nothing new, nothing written');
  });
}

test('what could not be written is written with the next', async (t) => {
  const database = await migratedDatabase(t, 'sqlite');
  const store = sqlTokenStore(database);
  const now = Date.now();
  await store.record({
    jti: 'one',
    accountId: '1',
    name: null,
    issuedAt: now,
    expiresAt: now + 60_000,
    bond: null,
    ...UNRESTRICTED,
  });
  let isOut = true;
  const lastUsed = trackLastUsed(
    { ...database, query: (statement) => (isOut ? Promise.reject(new Error('out')) : database.query(statement)) },
    Date,
    () => false,
  );
  t.teardown(lastUsed.close);
  lastUsed.note(claims('one', now));
  await lastUsed.flush();
  isOut = false;
  await lastUsed.flush();
  t.not((await liveTokensOf(database, '1', now))[0]?.lastUsedAt, null);
});

for (const kind of DATABASES) {
  test(`${kind}: a token that is used and has no record, as after a restore, gets one, and one that was revoked meanwhile stays so`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const now = Math.floor(Date.now() / 1000) * 1000;
    const lastUsed = trackLastUsed(database, Date, ({ jti }) => jti === 'revoked, and lost');
    t.teardown(lastUsed.close);
    for (const jti of ['lost', 'revoked', 'revoked, and lost']) lastUsed.note(claims(jti, now));
    const unrecorded = { accountId: '1', issuedAt: now, expiresAt: now + 60_000 };
    await revokeToken(database, 'revoked', { owner: '1', unrecorded }, now);
    await lastUsed.flush();
    const listed = (await liveTokensOf(database, '1', now)).map(({ lastUsedAt, ...token }) => token);
    t.deepEqual(listed, [{ jti: 'lost', name: null, ...unrecorded, ...UNRESTRICTED }]);
  });
}

function claims(jti: string, issuedAt: number) {
  const seconds = Math.floor(issuedAt / 1000);
  return { jti, accountId: '1', issuedAt: seconds, expiresAt: seconds + 60, ...UNRESTRICTED };
}
