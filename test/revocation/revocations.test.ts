import test from 'ava';
import { revocationsAfter } from '../../gateway/revocation/history.ts';
import { createVoidedMarker } from '../../gateway/revocation/mark-voided.ts';
import {
  type DeniedId,
  deniedIdsAfter,
  revokeAccount,
  revokeToken as revokeTokenOf,
} from '../../gateway/revocation/revocations.ts';
import type { Database } from '../../gateway/stores/database/connection.ts';
import { DATABASES, migratedDatabase } from '../lab/stores/database.ts';
import { liveTokensOf } from '../support/owners/live-tokens.ts';
import { headPosition, MANY, MAX_LIFETIME, NOW, record, revokeToken } from './recorded-tokens.ts';

for (const kind of DATABASES) {
  test(`${kind}: a token is revoked once, by its owner or an operator, and nobody else's is touched`, async (t) => {
    const database = await migratedDatabase(t, kind);
    await record(database, { jti: 'one', accountId: 'Ada' });
    await record(database, { jti: 'two', accountId: 'Bob' });

    t.deepEqual(await revokeToken(database, 'none', null, NOW), { kind: 'unknown' });
    for (const owner of ['Bob', 'ada', 'Ada ', '']) {
      t.deepEqual(await revokeToken(database, 'one', owner, NOW), { kind: 'unknown' }, owner);
    }
    t.deepEqual(await revokeToken(database, 'ONE', 'Ada', NOW), { kind: 'unknown' });
    t.is(await headPosition(database), 0);

    const expiresAt = NOW + 60_000;
    const revocation = { kind: 'token', position: 1, jti: 'one', expiresAt } as const;
    const first = await revokeToken(database, 'one', 'Ada', NOW);
    t.deepEqual(first.kind === 'revoked' && first.revoked.ids, [{ jti: 'one', expiresAt }]);
    t.deepEqual(await revokeToken(database, 'one', 'Ada', NOW + 1), { kind: 'already' });
    t.is((await revokeToken(database, 'two', null, NOW)).kind, 'revoked');
    t.deepEqual(await listed(database), [revocation, { kind: 'token', position: 2, jti: 'two', expiresAt }]);
    t.is(await headPosition(database), 2);
  });

  test(`${kind}: revoking an account voids all up to the present second, and its tokens are marked afterwards`, async (t) => {
    const database = await migratedDatabase(t, kind);
    await record(database, { jti: 'live', expiresAt: NOW + 1 });
    await record(database, { jti: 'expired', expiresAt: NOW });
    await record(database, { jti: 'revoked' });
    await record(database, { jti: 'other', accountId: '2' });
    await revokeToken(database, 'revoked', null, NOW - 1);

    const revoked = await database.transact((asker) =>
      revokeAccount(asker, '1', { now: NOW, maxLifetime: MAX_LIFETIME }),
    );
    t.deepEqual(revoked.ids, []);
    const voiding = { kind: 'account', position: 2, accountId: '1', voidBefore: NOW + 500 } as const;
    t.deepEqual(await listed(database, 1), [{ ...voiding, expiresAt: NOW + 500 + MAX_LIFETIME }]);
    t.deepEqual(await revocationsAfter(database, 1, MANY), [...revoked.revocations]);

    const denied: DeniedId[] = [];
    const live = await createVoidedMarker(
      database,
      { now: () => NOW },
      async (ids) => void denied.push(...ids),
    ).account(voiding, 9);
    t.is(live, 1);
    t.deepEqual(denied.map(({ jti }) => jti).sort(), ['expired', 'live']);
    t.deepEqual(await deniedIdsAfter(database, '', MANY), [
      { jti: 'live', expiresAt: NOW + 1 },
      { jti: 'revoked', expiresAt: NOW + 60_000 },
    ]);
    t.deepEqual(
      (await liveTokensOf(database, '2', NOW)).map(({ jti }) => jti),
      ['other'],
    );
  });

  test(`${kind}: a token that is dated later, as after an earlier revocation in this second, is revoked by its id`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const expiresAt = NOW + 60_000;
    await record(database, { jti: 'as of the next second', issuedAt: NOW + 500, expiresAt });
    await record(database, { jti: 'of this one', issuedAt: NOW - 500, expiresAt });
    const { ids } = await database.transact((asker) =>
      revokeAccount(asker, '1', { now: NOW, maxLifetime: MAX_LIFETIME }),
    );
    t.deepEqual(ids, [{ jti: 'as of the next second', expiresAt }]);
    t.deepEqual((await listed(database)).slice(1), [
      { kind: 'token', position: 2, jti: 'as of the next second', expiresAt },
    ]);
    t.is(await headPosition(database), 2);
  });

  test(`${kind}: where very many are dated later, the moment moves behind them, and the write stays small`, async (t) => {
    const database = await migratedDatabase(t, kind);
    await insertTokens(database, 150, { issuedAt: NOW + 500 });
    const { ids } = await database.transact((asker) =>
      revokeAccount(asker, '1', { now: NOW, maxLifetime: MAX_LIFETIME }),
    );
    t.deepEqual(ids, []);
    const voidBefore = NOW + 1_500;
    t.deepEqual(await listed(database), [
      { kind: 'account', position: 1, accountId: '1', voidBefore, expiresAt: voidBefore + MAX_LIFETIME },
    ]);
  });

  test(`${kind}: marking goes on where a process that was killed left off, and marks each token once`, async (t) => {
    const database = await migratedDatabase(t, kind);
    await insertTokens(database, 1_845, {});
    const { revocations } = await database.transact((asker) =>
      revokeAccount(asker, '1', { now: NOW, maxLifetime: MAX_LIFETIME }),
    );
    const denied: string[] = [];
    const sizes: number[] = [];
    const next = createVoidedMarker(database, { now: () => NOW }, async (ids) => {
      sizes.push(ids.length);
      denied.push(...ids.map(({ jti }) => jti));
    });
    const [voiding] = revocations;
    if (voiding?.kind !== 'account') return t.fail();
    t.is(await next.account(voiding, 2), 1_000);
    t.is((await liveTokensOf(database, '1', NOW)).length, 845);
    await next.all();
    t.deepEqual(await liveTokensOf(database, '1', NOW), []);
    t.is(new Set(denied).size, 1_845);
    t.is(denied.length, 1_845);
    t.true(Math.max(...sizes) <= 500, `pieces of ${sizes}`);
    await next.all();
    t.is(denied.length, 1_845, 'nothing is left to do');
  });

  test(`${kind}: a token that is recorded late, by an issue that began before the revocation, is marked too`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const { revocations } = await database.transact((asker) =>
      revokeAccount(asker, '1', { now: NOW, maxLifetime: MAX_LIFETIME }),
    );
    let now = NOW;
    const denied: string[] = [];
    const marker = createVoidedMarker(database, { now: () => now }, async (ids) => {
      denied.push(...ids.map(({ jti }) => jti));
    });
    const [voiding] = revocations;
    if (voiding?.kind !== 'account') return t.fail();
    await marker.account(voiding, 2);
    await record(database, { jti: 'late', issuedAt: NOW - 500, expiresAt: NOW + 60_000 });
    now += 1_000;
    await marker.all();
    t.deepEqual(denied, [], 'not yet: nobody looks at all accounts all the time');
    now += 60_000;
    await marker.all();
    t.deepEqual(denied, ['late']);
    await record(database, { jti: 'far too late', issuedAt: NOW - 500, expiresAt: NOW + 60_000 });
    await marker.all();
    t.deepEqual(denied, ['late'], 'and that is the end of it');
  });

  test(`${kind}: a token that has no record is revoked by what it says of itself, and gets a record`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const unrecorded = { accountId: '1', issuedAt: NOW - 60_500, expiresAt: NOW + 60_000 };
    t.is((await revokeTokenOf(database, 'lost', { owner: '1', unrecorded }, NOW)).kind, 'revoked');
    t.is((await revokeTokenOf(database, 'lost', { owner: '1', unrecorded }, NOW)).kind, 'already');
    t.deepEqual(await deniedIdsAfter(database, '', MANY), [{ jti: 'lost', expiresAt: NOW + 60_000 }]);
    t.deepEqual(await listed(database), [{ kind: 'token', position: 1, jti: 'lost', expiresAt: NOW + 60_000 }]);
  });

  test(`${kind}: an account without tokens is revoked, too: others may have been issued and not written down`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const { ids, revocations } = await database.transact((asker) =>
      revokeAccount(asker, 'nobody', { now: NOW, maxLifetime: MAX_LIFETIME }),
    );
    t.deepEqual(ids, []);
    t.deepEqual(await revocationsAfter(database, 0, MANY), [...revocations]);
  });

  test(`${kind}: nothing is left of a revocation whose transaction fails after it`, async (t) => {
    const database = await migratedDatabase(t, kind);
    await record(database, { jti: 'one' });
    const failing = database.transact(async (asker) => {
      await revokeAccount(asker, '1', { now: NOW, maxLifetime: MAX_LIFETIME });
      throw new Error('refused');
    });
    await t.throwsAsync(failing);
    t.is(await headPosition(database), 0);
    t.deepEqual(await revocationsAfter(database, 0, MANY), []);
    t.deepEqual(await deniedIdsAfter(database, '', MANY), []);
    t.is((await liveTokensOf(database, '1', NOW)).length, 1);
  });
}

/** The revocations from the first on, without their chains. */
async function listed(database: Database, after = 0) {
  return (await revocationsAfter(database, after, MANY)).map(({ chain, ...revocation }) => revocation);
}

async function insertTokens(database: Database, count: number, { issuedAt = NOW - 60_000 }): Promise<void> {
  const rows = Array.from({ length: count }, (_, i) => {
    return { jti: `token-${i}`, account_id: '1', issued_at: issuedAt, expires_at: NOW + 60_000 };
  });
  for (let at = 0; at < count; at += 100) {
    await database.query(database.sql('gatehouse_tokens').insert(rows.slice(at, at + 100)));
  }
}
