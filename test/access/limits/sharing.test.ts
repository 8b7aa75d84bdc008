import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { createLimitCounts } from '../../../gateway/access/limits/limit-counts.ts';
import { createReporting } from '../../../gateway/access/limits/reporting.ts';
import { compileRouteLimits } from '../../../gateway/access/limits/route-limits.ts';
import { GatewayError } from '../../../gateway/domain/errors.ts';
import type { LimitSettings } from '../../../gateway/settings/schema/settings.ts';
import type { Ledger } from '../../../gateway/stores/limits/ledger.ts';
import { memoryLedger } from '../../../gateway/stores/limits/memory-ledger.ts';
import { Random } from '../../../proof/random.ts';
import { holds } from '../../lab/waiting/condition.ts';

const CLIENT = '192.0.2.1';
const NOTHING = {
  spent: 0,
  debt: 0,
  holds: 0,
  wants: 0,
  wantsAhead: false,
  known: Number.POSITIVE_INFINITY,
  epoch: '',
};

/** Processes that share a ledger in memory, by a clock that only the test moves. */
function processes(count: number, limit: LimitSettings, ledger: 'answers' | 'none' = 'answers') {
  const clock = { now: 1_000, isOut: false, hangs: false };
  const settle = memoryLedger(() => clock.now);
  const ask = Array.from({ length: count }, (_, index) => {
    const own: Ledger = {
      async settle(reports) {
        if (clock.isOut) throw new Error('out');
        if (clock.hangs) await new Promise(() => {});
        return settle(String(index), structuredClone(reports));
      },
    };
    const reporting = createReporting(
      ledger === 'none' ? null : own,
      count,
      () => {},
      () => clock.now,
    );
    const counts = createLimitCounts(reporting);
    const limits = compileRouteLimits('route', [counts.open('limit', limit)], counts, () => () => {});
    return async (): Promise<boolean> => {
      try {
        await limits.count(null, { client: CLIENT, rateLimit: null });
        return true;
      } catch (error) {
        if (error instanceof GatewayError && error.code === 'too_many_requests') return false;
        throw error;
      }
    };
  });
  /** What the ledger says is left of the only key. */
  const left = () =>
    settle('observer', [{ ...NOTHING, ...limit, key: `limit:${limit.requests}:${limit.per}:address:${CLIENT}` }])[0]
      ?.left ?? 0;
  return { clock, ask, left };
}

const sum = (passes: readonly boolean[]) => passes.filter(Boolean).length;

test('of a burst over four processes as many pass as are allowed, and at most 5 % more', async (t) => {
  for (const requests of [1, 3, 19, 50, 400, 3_000]) {
    for (const seed of [1, 2, 3]) {
      const random = new Random(seed * requests);
      const { ask } = processes(4, { requests, per: 86_400_000, by: 'address' });
      let passed = 0;
      // One after the other, now and then many at once.
      for (let sent = 0; sent < 2 * requests + 8; ) {
        const atOnce = random.once(3) ? random.below(30) + 1 : 1;
        const answers = Array.from({ length: atOnce }, () => ask[random.below(4)]?.() ?? false);
        passed += sum(await Promise.all(answers));
        sent += atOnce;
      }
      t.true(passed >= requests && passed <= Math.floor(requests * 1.05), `${passed} of ${requests}, seed ${seed}`);
    }
  }
});

test('in no window more pass than the limit, its refill and 5 %', async (t) => {
  for (const [requests, per] of [
    [1, 1_000],
    [10, 1_000],
    [50, 1_000],
    [60, 60_000],
    [1_000, 10_000],
  ] as const) {
    for (let seed = 1; seed <= 4; seed++) {
      const random = new Random(seed * 7_919 + requests);
      const count = 1 + random.below(4);
      const { clock, ask } = processes(count, { requests, per, by: 'address' });
      const passes: number[] = [];
      for (let step = 0; step < 150; step++) {
        clock.now += random.once(10) ? random.below(per) : random.below(Math.ceil((3 * per) / requests) + 1);
        const atOnce = random.once(6) ? random.below(requests) + 1 : 1;
        const answers = Array.from({ length: Math.min(atOnce, 200) }, () => ask[random.below(count)]?.() ?? false);
        const passed = sum(await Promise.all(answers));
        passes.push(...Array<number>(passed).fill(clock.now));
        if (random.once(2)) await turn();
      }
      t.true(passes.length > 20);
      for (let from = 0; from < passes.length; from++) {
        for (let to = from; to < passes.length; to++) {
          const time = (passes[to] ?? 0) - (passes[from] ?? 0);
          const allowed = Math.floor(requests * 1.05) + (requests * time) / per + 1e-6;
          if (to - from + 1 > allowed) t.fail(`${to - from + 1} in ${time} ms of ${requests} in ${per}, seed ${seed}`);
        }
      }
    }
  }
});

test('a process alone is exact', async (t) => {
  const { clock, ask } = processes(1, { requests: 60, per: 60_000, by: 'address' }, 'none');
  const burst = async (count: number) =>
    sum(await Promise.all(Array.from({ length: count }, () => ask[0]?.() ?? false)));
  t.is(await burst(100), 60);
  clock.now += 999;
  t.is(await burst(100), 0);
  clock.now += 1;
  t.is(await burst(100), 1);
  clock.now += 7_000;
  t.is(await burst(100), 7);
  clock.now += 86_400_000;
  t.is(await burst(100), 60);
});

test('without the ledger each process goes on with its part of what is left, and the counts join again', async (t) => {
  const { clock, ask, left } = processes(4, { requests: 400, per: 86_400_000, by: 'address' });
  const everywhere = async (count: number) =>
    sum(await Promise.all(Array.from({ length: count }, (_, index) => ask[index % 4]?.() ?? false)));
  for (let round = 0; round < 50; round++) t.is(await everywhere(4), 4);
  clock.isOut = true;
  const during = await everywhere(400);
  t.true(during >= 190 && during <= 215, `${during}`);
  clock.isOut = false;
  let after = 0;
  await holds('the counts join', async () => {
    after += await everywhere(8);
    return left() <= 0;
  });
  t.true(200 + during + after <= 420, `${during} in the outage, then ${after}`);
});

test('a ledger that hangs keeps one request waiting, and none after it', async (t) => {
  const { clock, ask } = processes(1, { requests: 3, per: 86_400_000, by: 'address' });
  clock.hangs = true;
  const answers: string[] = [];
  const note = (name: string) => async () => {
    const passes = await ask[0]?.();
    answers.push(`${name} ${passes ? 'passes' : 'is refused'}`);
  };
  const first = note('first')();
  await turn();
  t.deepEqual(answers, []);
  await first;
  // As many microtasks as a decision from memory takes, and no answer of the ledger.
  for (const name of ['second', 'third', 'fourth']) await note(name)();
  t.deepEqual(answers, ['first passes', 'second passes', 'third passes', 'fourth is refused']);
});

test('with several limits, a request that one refuses uses nothing of the others, whoever grants it', async (t) => {
  const settle = memoryLedger(() => 1_000);
  const ledger: Ledger = { settle: async (reports) => settle('one', structuredClone(reports)) };
  const reporting = createReporting(
    ledger,
    1,
    () => {},
    () => 1_000,
  );
  const counts = createLimitCounts(reporting);
  const open = (name: string, requests: number) => counts.open(name, { requests, per: 86_400_000, by: 'address' });
  const [two, ten] = [open('two', 2), open('ten', 10)];
  const passes = async (...limits: ReturnType<typeof open>[]) => {
    const count = async () =>
      compileRouteLimits('route', limits, counts, () => () => {}).count(null, { client: CLIENT, rateLimit: null });
    return await count().then(
      () => true,
      () => false,
    );
  };
  t.is(sum(await Promise.all(Array.from({ length: 6 }, () => passes(ten, two)))), 2);
  for (let round = 0; round < 6; round++) t.false(await passes(ten, two));
  t.is(sum(await Promise.all(Array.from({ length: 12 }, () => passes(ten)))), 8);
});
