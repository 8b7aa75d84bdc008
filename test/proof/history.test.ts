import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Act, ActOutcome } from '../../proof/audit/events.ts';
import type { WrongUse } from '../../proof/command-line.ts';
import { createHistoryJudge } from '../../proof/history/judge.ts';
import type { Line, UsedLine } from '../../proof/history/line.ts';
import { parseOptions } from '../../proof/history/options.ts';
import { readHistory } from '../../proof/history/read.ts';
import { roundOf } from '../../proof/history/schedule.ts';
import { createSummary } from '../../proof/history/summary.ts';

const ADA = 'ada@example.com';
const SEED = 18;

const RUN: Line = {
  ...{ type: 'run', seed: SEED, minutes: 1, database: 'mariadb', hasRedis: true, network: 'none' },
};

/** Ada, whose id is 1, and a token that she got from gateway a. */
const BEGINNING: readonly Line[] = [
  RUN,
  ...act(1, 0, { kind: 'add', account: ADA, password: 'first', confirmed: true }, 'operator'),
  ...act(2, 100, { kind: 'issue', account: ADA }, 'a', { issued: 'token 1' }),
];
const LONG_AFTER = 20_000;

test('a history in which every answer is right has no violation', async (t) => {
  const judge = await judged(t, [
    ...BEGINNING,
    used(LONG_AFTER, 200),
    ...act(3, LONG_AFTER + 100, { kind: 'revoke', token: 'token 1' }, 'a'),
    // Sent before the acknowledgement was known everywhere.
    used(LONG_AFTER + 120, 200, { node: 'b', process: 'b1/1' }),
    used(LONG_AFTER + 400, 401, { node: 'b', process: 'b1/1' }),
    ...outage(1, 30_000, 31_000, 'process'),
    used(30_500, null),
    used(30_500, 503),
  ]);
  t.deepEqual(judge, []);
});

const WRONG: Readonly<Record<string, readonly Line[]>> = {
  'accepted after a revocation: 200 of b (b1/1) for token 1, sent at 24000 ms': [
    ...act(3, LONG_AFTER, { kind: 'revoke', token: 'token 1' }, 'a'),
    used(24_000, 200, { node: 'b', process: 'b1/1' }),
  ],
  'accepted again: 200 of b (b1/1) for token 1, sent at 20200 ms': [
    ...act(3, LONG_AFTER, { kind: 'revoke', token: 'token 1' }, 'a'),
    used(LONG_AFTER + 100, 401, { node: 'b', process: 'b1/1' }),
    used(LONG_AFTER + 200, 200, { node: 'b', process: 'b1/1' }),
  ],
  'refused what stands: 401 of a (a1/1) for token 1': [used(LONG_AFTER, 401)],
  'unavailable without an outage: 503 of a (a1/1) for token 1': [used(LONG_AFTER, 503)],
  'unavailable without an outage: no answer: nothing of a': [used(LONG_AFTER, null)],
  'unexpected status: 200 of a (a1/1) for token 1 as bearer, sent at 20000 ms, until 20005 ms: account 1 passed as 2': [
    used(LONG_AFTER, 200, { user: '2' }),
  ],
  'accepted although the account forbids it: 200 of a (a1/1) for the password first': [
    ...act(3, LONG_AFTER, { kind: 'password', account: ADA, password: 'second' }, 'operator'),
    used(LONG_AFTER + 9_000, 200, {
      form: 'password',
      credential: { kind: 'password', account: ADA, password: 'first' },
    }),
  ],
  'not recovered: b is not ready (503, without redis) at 20000 ms': [
    { type: 'ready', at: LONG_AFTER, node: 'b', status: 503, unavailable: ['redis'] },
  ],
  'unavailable without an outage: revoke at a': [
    ...act(3, LONG_AFTER, { kind: 'revoke', token: 'token 1' }, 'a', { outcome: 'unknown' }),
  ],
  'accepted after a revocation: b accepted for 690 ms although all was well': [
    ...act(3, LONG_AFTER, { kind: 'revoke', token: 'token 1' }, 'a'),
    used(LONG_AFTER + 700, 200, { node: 'b', process: 'b1/1' }),
  ],
};

for (const [violation, lines] of Object.entries(WRONG)) {
  test(`a history is found to be wrong: ${violation}`, async (t) => {
    const [first, ...others] = await judged(t, [...BEGINNING, ...lines]);
    t.true(first?.startsWith(violation), first);
    t.deepEqual(others, []);
  });
}

test('waits for a processor, which the history tells, excuse a late revocation', async (t) => {
  const revoked = [
    ...act(3, LONG_AFTER, { kind: 'revoke', token: 'token 1' }, 'a'),
    used(LONG_AFTER + 700, 200, { node: 'b', process: 'b1/1' }),
  ];
  const waited: Line = { type: 'waited', at: LONG_AFTER + 500, ms: { 101: 450 } };
  t.deepEqual(await judged(t, [...BEGINNING, ...revoked, waited]), []);
});

test('where a worker waits for a processor most of the time, nothing must be available, but what is refused must be', async (t) => {
  const waits = (ms: (index: number) => Readonly<Record<string, number>>): Line[] =>
    Array.from({ length: 8 }, (_, index) => ({ type: 'waited', at: 19_000 + 250 * index, ms: ms(index) }));
  const starved = waits(() => ({ clients: 0, 101: 200, 102: 20 }));
  t.deepEqual(await judged(t, [...BEGINNING, ...starved, used(LONG_AFTER, 503), used(LONG_AFTER, null)]), []);
  const [violation] = await judged(t, [...BEGINNING, ...starved, used(LONG_AFTER, 401)]);
  t.true(violation?.startsWith('refused what stands'), violation);
  const inTurn = waits((index) => (index % 2 === 0 ? { 101: 200, 102: 100 } : { 101: 100, 102: 200 }));
  t.is((await judged(t, [...BEGINNING, ...inTurn, used(LONG_AFTER, 503)])).length, 1);
});

test('the summary counts answers, and says how long revoked tokens were accepted', async (t) => {
  const summary = createSummary();
  const judge = createHistoryJudge();
  const lines = [
    ...BEGINNING,
    ...act(3, LONG_AFTER, { kind: 'revoke', token: 'token 1' }, 'a'),
    used(LONG_AFTER + 50, 200, { node: 'b', process: 'b1/1' }),
    used(LONG_AFTER + 90, 401, { node: 'b', process: 'b1/1' }),
    used(LONG_AFTER + 95, null, { node: 'b', process: 'b1/1' }),
  ];
  await readHistory(await written(t, lines.map(textOf)), (line) => {
    judge.see(line);
    summary.see(line);
  });
  const told = summary.lines(judge.spread).map((line) => line.trim().replace(/ +/g, ' '));
  t.true(told.includes('revoke (API) acknowledged: 1'));
  t.true(told.includes('use as bearer 200: 1, 401: 1, no answer: 1'));
  t.true(told.includes('revoke, other gateway, quiet 1 40 40 40'));
});

test('what is no history is refused with the line that is wrong', async (t) => {
  const [first = ''] = BEGINNING.map(textOf);
  for (const [lines, line] of [
    [['nonsense'], 1],
    [['{"type":"phase","at":1,"phase":"quiet"}'], 1],
    [[first, '{"type":"ends","id":7,"at":1,"outcome":"refused","answer":"404"}'], 2],
    [[first, '[]'], 2],
  ] as const) {
    const file = await written(t, lines);
    const judge = createHistoryJudge();
    const { message } = await t.throwsAsync(readHistory(file, judge.see));
    t.true(message.startsWith(`${file}:${line} `), message);
  }
  const empty = await written(t, []);
  await t.throwsAsync(
    readHistory(empty, () => {}),
    { message: `${empty} is empty` },
  );
});

test('a seed decides on the faults of each round, and another one on others', (t) => {
  const rounds = (seed: number) => Array.from({ length: 50 }, (_, index) => roundOf(seed, index, true));
  t.deepEqual(rounds(SEED), rounds(SEED));
  t.notDeepEqual(rounds(SEED), rounds(SEED + 1));
});

test('without Redis no fault concerns it', (t) => {
  const faults = Array.from({ length: 500 }, (_, index) => roundOf(SEED, index, false)).flat();
  t.false(JSON.stringify(faults).includes('redis'));
  t.true(JSON.stringify(Array.from({ length: 50 }, (_, index) => roundOf(SEED, index, true))).includes('redis'));
});

test('wrong options are answered with one line that says what is allowed', (t) => {
  const message = (...args: string[]) => {
    try {
      return parseOptions(args, 0).kind;
    } catch (error) {
      return (error as WrongUse).message;
    }
  };
  t.is(message('--minutes', '0'), '--minutes takes a whole number from 1 to 1440, not "0"');
  t.is(message('--seed', '-1'), '--seed takes a whole number from 0 to 2147483647, not "-1"');
  t.is(message('--seed', '1e3'), '--seed takes a whole number from 0 to 2147483647, not "1e3"');
  t.is(message('--database', 'mysql'), '--database takes one of mariadb, postgres, not "mysql"');
  t.is(message('--read', 'file', '--seed', '1'), '--read takes no other option, such as --seed');
  t.is(message('--sed', '1'), "Unknown option '--sed'; --help lists the options");
  t.is(message('--no-redis', '--seed', '7'), 'live');
  t.is(message('--read', 'file'), 'read');
});

interface Told {
  readonly outcome?: ActOutcome;
  readonly issued?: string;
}

/** An act that takes ten milliseconds. */
function act(id: number, at: number, what: Act, node: string, { outcome = 'acknowledged', issued }: Told = {}): Line[] {
  return [
    { type: 'begins', id, at, node, act: what },
    { type: 'ends', id, at: at + 10, outcome, answer: '', ...(issued !== undefined && { issued }) },
  ];
}

function used(begun: number, status: number | null, different: Partial<UsedLine> = {}): Line {
  return {
    ...{ type: 'used', node: 'a', process: 'a1/1', form: 'bearer', group: null, owner: '1', user: '1' },
    ...{ credential: { kind: 'token', token: 'token 1' }, status, begun, ended: begun + 5 },
    ...different,
  };
}

function outage(id: number, from: number, to: number, kind: 'process' | 'database' | 'redis'): Line[] {
  return [
    { type: 'outage', id, at: from, outage: { kind, node: null } },
    { type: 'outage over', id, at: to },
  ];
}

function textOf(line: Line): string {
  return JSON.stringify(line);
}

async function written(t: ExecutionContext, lines: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-history-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'history.jsonl');
  await writeFile(file, lines.map((line) => `${line}\n`).join(''));
  return file;
}

/** @returns the violations, after all that is concluded at the end */
async function judged(t: ExecutionContext, lines: readonly Line[]): Promise<string[]> {
  const judge = createHistoryJudge();
  await readHistory(await written(t, lines.map(textOf)), judge.see);
  judge.spread.latencies();
  return judge.violations.map(({ text }) => text);
}
