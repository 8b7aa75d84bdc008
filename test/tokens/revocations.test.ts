import test from 'ava';
import type { Database } from '../../gateway/database/connection.ts';
import {
  deleteExpiredRevocations,
  deniedIdsAfter,
  headPosition,
  type Revocation,
  revocationsAfter,
  revokeAccount,
  revokeToken,
} from '../../gateway/tokens/revocations.ts';
import { sqlTokenStore } from '../../gateway/tokens/store.ts';
import { migratedDatabase } from '../support/database.ts';
import { liveTokensOf } from '../support/live-tokens.ts';

/** In mid-second. */
const NOW = 1_900_000_000_500;
const MAX_LIFETIME = 3_600_000;
const MANY = { now: NOW, limit: 1_000 };

for (const kind of ['sqlite', 'mysql'] as const) {
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
    t.deepEqual(await revokeToken(database, 'one', 'Ada', NOW), {
      kind: 'revoked',
      revocations: [revocation],
      ids: [{ jti: 'one', expiresAt }],
    });
    t.deepEqual(await revokeToken(database, 'one', 'Ada', NOW + 1), { kind: 'already' });
    t.is((await revokeToken(database, 'two', null, NOW)).kind, 'revoked');
    t.deepEqual(await revocationsAfter(database, 0, MANY), [
      revocation,
      { kind: 'token', position: 2, jti: 'two', expiresAt },
    ]);
    t.is(await headPosition(database), 2);
  });

  test(`${kind}: revoking an account puts an end to its live tokens alone, and voids all up to the present second`, async (t) => {
    const database = await migratedDatabase(t, kind);
    await record(database, { jti: 'live', expiresAt: NOW + 1 });
    await record(database, { jti: 'expired', expiresAt: NOW });
    await record(database, { jti: 'revoked' });
    await record(database, { jti: 'other', accountId: '2' });
    await revokeToken(database, 'revoked', null, NOW - 1);

    const revoked = await database.transact((asker) =>
      revokeAccount(asker, '1', { now: NOW, maxLifetime: MAX_LIFETIME }),
    );
    t.deepEqual(revoked, {
      revocations: [
        { kind: 'account', position: 2, accountId: '1', voidBefore: NOW + 500, expiresAt: NOW + MAX_LIFETIME },
      ],
      ids: [{ jti: 'live', expiresAt: NOW + 1 }],
    });
    t.deepEqual(await revocationsAfter(database, 1, MANY), [...revoked.revocations]);
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
    const { revocations } = await database.transact((asker) =>
      revokeAccount(asker, '1', { now: NOW, maxLifetime: MAX_LIFETIME }),
    );
    t.deepEqual(revocations.slice(1), [{ kind: 'token', position: 2, jti: 'as of the next second', expiresAt }]);
    t.deepEqual(await revocationsAfter(database, 0, MANY), [...revocations]);
    t.is(await headPosition(database), 2);
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

  test(`${kind}: under concurrent revocations, who reads on from the last position misses none and meets no gap`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const writers = 20;
    const each = 4;
    const jtis = Array.from({ length: writers * each }, (_, i) => `token-${i}`);
    for (const jti of jtis) await record(database, { jti, accountId: jti });

    let isWriting = true;
    const read: Revocation[] = [];
    const reading = (async () => {
      for (let last = false; ; ) {
        const position = read.at(-1)?.position ?? 0;
        read.push(...(await revocationsAfter(database, position, { now: NOW, limit: 7 })));
        // Once more after the last has been written.
        if (last && (read.at(-1)?.position ?? 0) === position) return;
        last = !isWriting;
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        for (const jti of jtis.slice(writer * each, (writer + 1) * each)) {
          if (writer % 2 === 0) await revokeToken(database, jti, null, NOW);
          else await database.transact((asker) => revokeAccount(asker, jti, { now: NOW, maxLifetime: MAX_LIFETIME }));
        }
      }),
    );
    isWriting = false;
    await reading;

    t.deepEqual(
      read.map(({ position }) => position),
      jtis.map((_, i) => i + 1),
    );
    t.deepEqual(read.map((entry) => (entry.kind === 'token' ? entry.jti : entry.accountId)).sort(), jtis.toSorted());
    t.is(await headPosition(database), jtis.length);
  });

  test(`${kind}: of many who revoke one token at once, one does, and no position is given out for the others`, async (t) => {
    const database = await migratedDatabase(t, kind);
    for (let round = 1; round <= 3; round++) {
      await record(database, { jti: `token-${round}` });
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, () => revokeToken(database, `token-${round}`, null, NOW)),
      );
      t.deepEqual(outcomes.map(({ kind }) => kind).sort(), [...Array(11).fill('already'), 'revoked']);
      t.is(await headPosition(database), round);
    }
    t.is((await revocationsAfter(database, 0, MANY)).length, 3);
  });

  test(`${kind}: what voids nothing any more is not read, and is deleted, no more of it than asked`, async (t) => {
    const database = await migratedDatabase(t, kind);
    for (const [jti, expiresAt] of [
      ['c', NOW - 1],
      ['a', NOW - 3],
      ['b', NOW - 2],
      ['d', NOW],
      ['e', NOW + 1],
    ] as const) {
      await record(database, { jti, expiresAt });
      await revokeToken(database, jti, null, NOW - 10);
    }
    const read = async (now: number) => (await revocationsAfter(database, 0, { now, limit: 10 })).map(idOf);
    t.deepEqual(await read(NOW), ['e']);
    t.is(await deleteExpiredRevocations(database, NOW, 2), 2);
    t.deepEqual(await read(NOW - 10), ['c', 'd', 'e']);
    t.is(await deleteExpiredRevocations(database, NOW, 2), 1);
    t.is(await deleteExpiredRevocations(database, NOW, 2), 0);
    // The head stays: the next position is a new one.
    t.is(await headPosition(database), 5);
  });

  test(`${kind}: the ids for the denylist come page by page, each once, compared byte by byte`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const jtis = ['A', 'a', 'B', 'b', 'Z', 'z', 'ä', 'a ', 'A1'];
    for (const jti of [...jtis, 'live']) await record(database, { jti });
    for (const jti of jtis) await revokeToken(database, jti, null, NOW);
    const pages: string[] = [];
    for (let last = ''; ; ) {
      const page = await deniedIdsAfter(database, last, { now: NOW, limit: 2 });
      pages.push(...page.map(({ jti }) => jti));
      const end = page.at(-1);
      if (end === undefined) break;
      last = end.jti;
    }
    t.deepEqual(pages.toSorted(), jtis.toSorted());
  });
}

function idOf(revocation: Revocation): string {
  return revocation.kind === 'token' ? revocation.jti : revocation.accountId;
}

function record(
  database: Database,
  {
    jti,
    accountId = '1',
    issuedAt = NOW - 60_000,
    expiresAt = NOW + 60_000,
  }: { jti: string; accountId?: string; issuedAt?: number; expiresAt?: number },
): Promise<void> {
  return sqlTokenStore(database).record({ jti, accountId, name: null, issuedAt, expiresAt, bond: null });
}
