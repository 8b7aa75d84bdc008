import test from 'ava';
import { deleteExpiredRevocations, type Revocation, revocationsAfter } from '../../gateway/revocation/history.ts';
import { deniedIdsAfter, revokeAccount } from '../../gateway/revocation/revocations.ts';
import { KEPT_BEYOND_END } from '../../gateway/stores/database/clock.ts';
import { DATABASES, migratedDatabase } from '../lab/stores/database.ts';
import { headPosition, MANY, MAX_LIFETIME, NOW, record, revokeToken } from './recorded-tokens.ts';

for (const kind of DATABASES) {
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

  test(`${kind}: what has voided nothing for a day is not read, and is deleted but for the newest, no more than asked`, async (t) => {
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
    t.deepEqual(await read(NOW), ['c', 'a', 'b', 'd', 'e']);
    const nextDay = NOW + KEPT_BEYOND_END;
    t.deepEqual(await read(nextDay), ['e']);
    t.is(await deleteExpiredRevocations(database, nextDay, 2), 0, 'nodes know the list by its newest rows');
    await database.query(database.sql('gatehouse_revocation_head').update({ position: 2_000 }));
    t.is(await deleteExpiredRevocations(database, nextDay, 2), 2);
    t.deepEqual(await read(NOW), ['c', 'd', 'e']);
    t.is(await deleteExpiredRevocations(database, nextDay, 2), 1);
    t.is(await deleteExpiredRevocations(database, nextDay, 2), 0);
    // The head stays: the next position is a new one.
    t.is(await headPosition(database), 2_000);
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
