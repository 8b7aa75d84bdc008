import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { type TokenIssueDeps, tokenIssue } from '../../gateway/control/issue-token.ts';
import { storeUnavailable } from '../../gateway/domain/errors.ts';
import { UNRESTRICTED } from '../../gateway/domain/identity.ts';

const ADA = {
  id: '1',
  email: 'ada@example.com',
  logins: ['ada@example.com'],
  passwordHash: null,
  confirmed: true,
  stamp: 'stamp',
  groups: [],
};
const WISH = { name: null, lifetime: 60, ...UNRESTRICTED };

function issuing(replaced: Partial<TokenIssueDeps>) {
  return tokenIssue({
    now: Date.now,
    sign: () => 'signed',
    keyId: 'key',
    record: async () => {},
    readCutoff: async () => 0,
    countLive: async () => 0,
    maxPerAccount: 1_000,
    ...replaced,
  });
}

test('a hundred requests of one account may wait; the next is told to come again, and other accounts do not wait', async (t) => {
  const database = Promise.withResolvers<void>();
  const recorded: string[] = [];
  const issue = issuing({
    async record({ accountId }) {
      if (accountId === ADA.id) await database.promise;
      recorded.push(accountId);
    },
  });
  const waiting = Array.from({ length: 100 }, () => issue(ADA, WISH));
  const error = await t.throwsAsync(issue(ADA, WISH));
  t.like(error, {
    status: 429,
    headers: { 'Retry-After': '1' },
    publicMessage: 'Too many tokens are asked for at once',
  });
  await issue({ ...ADA, id: '2' }, WISH);
  t.deepEqual(recorded, ['2']);
  database.resolve();
  await Promise.all(waiting);
  t.is(recorded.length, 101);
  await issue(ADA, WISH);
});

test('a failure of one request is no failure of those behind it', async (t) => {
  let asked = 0;
  const issue = issuing({
    async record() {
      asked += 1;
      if (asked === 1) throw new Error('the database is out');
    },
  });
  const [first, second] = await Promise.allSettled([issue(ADA, WISH), issue(ADA, WISH)]);
  t.deepEqual([first?.status, second?.status], ['rejected', 'fulfilled']);
});

test('requests that have waited too long behind one that the database failed get its 503, and behind a slow one 429', async (t) => {
  // Longer than a request may wait.
  const slow = () => delay(3_100);
  const outage = storeUnavailable('database', new Error('no answer'));
  const failing = issuing({
    async record() {
      await slow();
      throw outage;
    },
  });
  const [, ...behind] = await Promise.allSettled([failing(ADA, WISH), failing(ADA, WISH), failing(ADA, WISH)]);
  t.deepEqual(
    behind.map((result) => result.status === 'rejected' && result.reason),
    [outage, outage],
  );
  const late = issuing({ record: slow });
  const [first, second] = await Promise.allSettled([late(ADA, WISH), late(ADA, WISH)]);
  t.is(first?.status, 'fulfilled');
  t.like(second, { status: 'rejected', reason: { status: 429 } });
});

test('a token is recorded with what it is bound to', async (t) => {
  const bonds: unknown[] = [];
  const issue = issuing({ record: async ({ bond }) => void bonds.push(bond) });
  await issue(ADA, WISH);
  await issue({ ...ADA, stamp: 'stamp.other' }, WISH);
  await issue({ ...ADA, stamp: 'new' }, WISH);
  const [one, same, other] = bonds as { boundTo: string; keyId: string }[];
  t.is(one?.keyId, 'key');
  t.regex(one?.boundTo ?? '', /^[\w-]{22}$/);
  t.deepEqual(same, one);
  t.not(other?.boundTo, one?.boundTo);
});
