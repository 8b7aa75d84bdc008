import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { WrongUse } from '../../proof/command-line.ts';
import { Random } from '../../proof/random.ts';
import { conclude } from '../../proof/soak/conclude.ts';
import { newestOf, PROBE_EVERY, PROBE_FOLDER } from '../../proof/soak/gateway/probe-reader.ts';
import { routes, sharedSettings } from '../../proof/soak/gateway/settings.ts';
import { systemValues, tcpStates } from '../../proof/soak/measure/process-files.ts';
import { parseOptions } from '../../proof/soak/options.ts';
import type { Sample } from '../../proof/soak/samples.ts';
import { clientOf } from '../../proof/soak/traffic/client.ts';
import { webSocket } from '../../proof/soak/traffic/connections.ts';
import { longWebSocket, MIX } from '../../proof/soak/traffic/mix.ts';
import { addPeople } from '../../proof/soak/traffic/people.ts';
import { getWithToken } from '../../proof/soak/traffic/requests.ts';
import type { Tally } from '../../proof/soak/traffic/tally.ts';
import { issue } from '../../proof/soak/traffic/token-life.ts';
import type { World } from '../../proof/soak/traffic/world.ts';
import { createExcuses } from '../../proof/soak/troubles/excuses.ts';
import { soakUpstream } from '../../proof/soak/upstream.ts';
import { judge } from '../../proof/soak/verdict/judge.ts';
import type { Point } from '../../proof/soak/verdict/trend.ts';
import { testGateway } from '../lab/gateways/gateway.ts';
import { freePort } from '../lab/processes/free-port.ts';
import { startProcess } from '../lab/processes/server-process.ts';
import type { Scope } from '../lab/scope.ts';
import { holds } from '../lab/waiting/condition.ts';

const MB = 1_024 * 1_024;
const HOURS = 2;
const SAMPLES = 480;
const BEGIN = Date.UTC(2026, 0, 1);

/** The heap of a process that lives as long as the run. @param value in MB, at a number of hours since the beginning */
function heap(value: (hours: number) => number): Point[] {
  return Array.from({ length: SAMPLES + 1 }, (_, i): Point => {
    const at = (i * HOURS) / SAMPLES;
    return [at, value(at) * MB];
  });
}

function findingOf(points: readonly Point[]): string | undefined {
  const subject = { name: 'worker', kind: 'process', from: 0, to: HOURS, series: new Map([['heap', points]]) } as const;
  return judge([subject], HOURS, 1)[0]?.finding;
}

/** About normally distributed. */
function noise(random: Random): number {
  return Array.from({ length: 12 }, () => random.below(1_000) / 1_000).reduce((sum, one) => sum + one, -6);
}

/** Rises until it falls back, at no regular time. */
function saw(random: Random): () => number {
  let height = 0;
  return () => {
    height += 0.5;
    if (height > 6 + random.below(8)) height = 0;
    return height;
  };
}

test('a level with noise is flat', (t) => {
  const random = new Random(1);
  t.is(findingOf(heap(() => 50 + noise(random))), 'flat');
});

test('the teeth of a saw, as from collections of garbage, are flat', (t) => {
  const tooth = saw(new Random(2));
  t.is(findingOf(heap(() => 50 + tooth())), 'flat');
});

test('a slow leak below such teeth grows', (t) => {
  const tooth = saw(new Random(2));
  t.is(findingOf(heap((hours) => 50 + 3 * hours + tooth())), 'grows');
});

test('what fills up during the warm-up is flat', (t) => {
  const random = new Random(3);
  t.is(findingOf(heap((hours) => 50 - 20 * Math.exp(-hours * 12) + noise(random) / 4)), 'flat');
});

test('a step after the warm-up has levelled off', (t) => {
  const random = new Random(4);
  t.is(findingOf(heap((hours) => (hours < 0.9 ? 45 : 50) + noise(random) / 4)), 'levelled off');
});

test('a level that goes up and down for long is not taken for growth', (t) => {
  for (let seed = 1; seed <= 8; seed += 1) {
    const random = new Random(seed);
    let away = 0;
    const wandering = heap(() => {
      away = 0.9 * away + noise(random) / 2;
      return 50 + away;
    });
    t.not(findingOf(wandering), 'grows', `seed ${seed}`);
  }
});

test('a process that lived for a short part of the run is not judged', (t) => {
  const points = heap((hours) => 50 + 100 * hours).filter(([at]) => at < 0.4);
  const subject = { name: 'worker', kind: 'process', from: 0, to: 0.4, series: new Map([['heap', points]]) } as const;
  t.deepEqual(judge([subject], HOURS, 1), []);
});

/** A run whose gateway has a heap of 50 MB, which grows by so much in an hour. */
function samplesOf({ growth = 0, unexpected = 0, reason = 'its time is over' }): Sample[] {
  const every = (HOURS * 3_600_000) / SAMPLES;
  const random = new Random(5);
  const begin = { seed: 1, hours: HOURS, rate: 30, database: 'mariadb', node: 'v26', every };
  const answers = { count: 9, statuses: { 200: 9 }, excused: 0, unexpected: 0, p50: 1, p99: 2, max: 3 };
  const samples = Array.from({ length: SAMPLES }, (_, i): Sample[] => {
    const at = BEGIN + i * every;
    const values = { heap: (50 + (growth * i * HOURS) / SAMPLES + noise(random) / 4) * MB, descriptors: 40 };
    const wrong = i === 9 ? unexpected : 0;
    return [
      { kind: 'process', at, node: 'cleartext', role: 'worker', pid: 7, values },
      { kind: 'stores', at, values: { 'rows of gatehouse_tokens': 500 } },
      {
        kind: 'traffic',
        at,
        ...{ seconds: 15, underWay: 1, heldBack: 0, operations: { get: { ...answers, unexpected: wrong } } },
      },
    ];
  });
  return [
    { kind: 'begin', at: BEGIN, ...begin },
    ...samples.flat(),
    { kind: 'end', at: BEGIN + HOURS * 3_600_000, reason },
  ];
}

/** @returns the verdict of a run with these samples, and the picture */
function concluded(t: Scope, samples: readonly Sample[], cutOff = '') {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-soak-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'samples.jsonl');
  writeFileSync(file, samples.map((sample) => `${JSON.stringify(sample)}\n`).join('') + cutOff);
  const verdict = conclude(file);
  return { ...verdict, plot: readFileSync(join(folder, 'plot.svg'), 'utf8') };
}

test('a run in which nothing grows, and each answer was right, is good', (t) => {
  const { isGood, text, plot } = concluded(t, samplesOf({}));
  t.true(isGood, text);
  t.regex(text, /nothing grows, and each answer was right/);
  t.regex(plot, /^<svg[\s\S]*<\/svg>\n$/);
  t.notRegex(plot, /NaN|Infinity|undefined/);
});

test('growth, an unexpected answer, and an early end are each reason enough against a run', (t) => {
  const grown = concluded(t, samplesOf({ growth: 4 }));
  t.false(grown.isGood);
  t.regex(grown.text, /1 series grow/);
  t.regex(grown.text, /cleartext, worker 7 \| heap \|.* grows \|/);
  const wrong = concluded(t, samplesOf({ unexpected: 1 }));
  t.false(wrong.isGood);
  t.regex(wrong.text, /1 unexpected answers/);
  const dead = concluded(t, samplesOf({ reason: 'the gateway tls ended by itself' }));
  t.false(dead.isGood);
  t.regex(dead.text, /the gateway tls ended by itself/);
});

test('the samples of a run that was killed are read, up to a last line that was cut off', (t) => {
  const { isGood, text } = concluded(t, samplesOf({}).slice(0, -1), '{"kind":"proc');
  t.false(isGood);
  t.regex(text, /it has not ended yet, or was killed/);
});

test('each kind of request gets the answers that the soak expects of a gateway', async (t) => {
  const upstreams = [await soakUpstream(t), await soakUpstream(t)];
  const surroundings = {
    location: { kind: 'sqlite', file: '' },
    redis: '',
    upstreams,
    dead: `http://127.0.0.1:${await freePort()}`,
  } as const;
  const { database: _database, redis: _redis, ...shared } = sharedSettings(surroundings);
  const { url, decisionsUrl, accounts } = await testGateway(t, {
    ...shared,
    decisions: { port: 0 },
    routes: routes(surroundings, 1),
  });
  const wrong: string[] = [];
  const counted: string[] = [];
  const tally: Tally = {
    expected: (operation) => void counted.push(operation),
    excused: (operation) => void wrong.push(operation),
    unexpected: (operation, _status, _latency, { message }) => void wrong.push(`${operation}: ${message}`),
    heldBack: () => t.fail(),
    take: () => t.fail() as never,
  };
  const world: World = {
    ...{ random: new Random(6), excuses: createExcuses(), tally, people: await addPeople(accounts) },
    targets: [{ name: 'cleartext', client: clientOf(t, url) }],
    decisions: clientOf(t, decisionsUrl),
  };
  const [target] = world.targets;
  for (let i = 0; i < 20; i += 1) await issue(world, target);
  const all = [
    ...MIX.map(([, operation]) => operation).filter((operation) => operation !== longWebSocket),
    getWithToken,
    webSocket(1),
  ];
  await Promise.all([...all, ...all].map((operation) => operation(world, target)));
  t.deepEqual(wrong, []);
  t.true(new Set(counted).size >= 25, counted.join());
});

test('a probe writes what is alive in its process, by intervals', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-soak-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const probe = new URL('../../proof/soak/gateway/probe.ts', import.meta.url).href;
  const kept = 'globalThis.kept = Buffer.alloc(9_000_000); setInterval(() => {}, 1000)';
  const env = { ...process.env, [PROBE_FOLDER]: folder, [PROBE_EVERY]: '50' };
  const probed = startProcess(process.execPath, ['--import', probe, '--eval', kept], env);
  t.teardown(() => probed.end('SIGKILL'));
  await holds('the probe has measured', () => newestOf(folder, probed.pid) !== null);
  const values = newestOf(folder, probed.pid)?.values ?? {};
  t.true((values['array buffers'] ?? 0) > 9_000_000);
  t.true((values.heap ?? 0) > 0);
  t.true((values['active Timeout'] ?? 0) >= 1);
  const system = systemValues(probed.pid, tcpStates());
  t.true((system?.descriptors ?? 0) > 3);
  t.true((system?.['anonymous memory'] ?? 0) > 9_000_000);
});

test('wrong options are named, with what would be right', (t) => {
  const wrong = (...args: string[]) => {
    try {
      return parseOptions(args, BEGIN).kind;
    } catch (error) {
      return (error as WrongUse).message;
    }
  };
  t.is(wrong(), '--hours is missing: how long to run, such as --hours 2');
  t.is(wrong('--hours', '-1'), '--hours takes a number above 0, up to 1000, not "-1"');
  t.is(wrong('--hours', 'two'), '--hours takes a number above 0, up to 1000, not "two"');
  t.is(wrong('--hours', '2', '--rate', '0'), '--rate takes a number from 1 to 100000, not "0"');
  t.is(wrong('--hours', '2', '--database', 'sqlite'), '--database takes one of mariadb, postgres, not "sqlite"');
  t.is(wrong('--hours', '2', '--seed', 'x'), '--seed takes a whole number from 0 to 2147483647, not "x"');
  t.is(wrong('--hours', '.5', '--rate', '30'), 'run');
});
