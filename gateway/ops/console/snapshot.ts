import type { Snapshot as Metrics } from '../metrics/total.ts';
import type { SeenFailure } from './failures.ts';
import { countOf, growth, observed, quantile, type Read, valuesIn } from './sums.ts';

/** What is drawn over time. Rates are per second, durations in milliseconds. */
export interface Point {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Answers by the class of their status, such as `2xx`; without the classes that did not occur. */
  readonly rates: Readonly<Record<string, number>>;
  /** Null: nothing was answered. */
  readonly p50: number | null;
  readonly p99: number | null;
  /** By whose fault it was, without those at 0. */
  readonly failures: Readonly<Record<string, number>>;
  /** Refused and failed authentications by reason, and `limited`; without those at 0. */
  readonly refusals: Readonly<Record<string, number>>;
}

export interface RouteRow {
  readonly name: string;
  readonly rate: number;
  readonly p99: number | null;
  readonly failures: number;
}

export interface ServerRow {
  readonly group: string;
  readonly server: string;
  readonly isUp: boolean;
}

/** The gateway over one second. */
export interface ConsoleSnapshot extends Point {
  readonly version: string;
  readonly configuration: { readonly file: string; readonly appliedAt: number };
  /** `ready`, `unavailable` or `shutting_down`. */
  readonly status: string;
  /** What is down. */
  readonly unavailable: readonly string[];
  /** Processes that answer. */
  readonly workers: number;
  readonly stores: readonly { readonly name: string; readonly isUp: boolean }[];
  /** Seconds since the revocations were last known to be complete. */
  readonly denylistAge: number | null;
  readonly inFlight: number;
  readonly webSockets: number;
  /** The p99 delay of the event loop. */
  readonly eventLoop: number | null;
  /** Those with the highest rate first. */
  readonly routes: readonly RouteRow[];
  readonly moreRoutes: number;
  /** Servers that are down first. */
  readonly servers: readonly ServerRow[];
  readonly moreServers: number;
  /** The failures since the snapshot before, from the oldest to the newest. */
  readonly newFailures: readonly SeenFailure[];
  readonly moreFailures: number;
}

/** What a snapshot is made of, at one moment. */
export interface Reading {
  readonly at: number;
  readonly read: Read;
}

export function readingOf(at: number, metrics: Metrics): Reading {
  return { at, read: valuesIn(metrics) };
}

/** What is as it is at the later moment. */
export interface Present extends Pick<ConsoleSnapshot, 'version' | 'configuration' | 'newFailures'> {
  readonly readiness: Pick<ConsoleSnapshot, 'status' | 'unavailable'>;
}

/** The gateway between two readings, in full: `fitted` makes it small. */
export function snapshotOf(before: Reading, after: Reading, present: Present): ConsoleSnapshot {
  const [old, now] = [before.read, after.read];
  const seconds = Math.max(0.001, (after.at - before.at) / 1000);
  const { readiness, ...about } = present;
  const delays = observed(...both(old, now, 'gatehouse_event_loop_delay_seconds'), null).get('');
  return {
    ...pointOf(old, now, after.at, seconds),
    ...about,
    status: readiness.status,
    unavailable: readiness.unavailable,
    workers: gauge(now, 'gatehouse_workers') ?? 0,
    stores: now('gatehouse_store_up').map(({ labels, value }) => ({ name: String(labels.store), isUp: value === 1 })),
    denylistAge: rounded(gauge(now, 'gatehouse_denylist_age_seconds')),
    inFlight: gauge(now, 'gatehouse_requests_in_flight') ?? 0,
    webSockets: gauge(now, 'gatehouse_websockets_open') ?? 0,
    eventLoop: delays === undefined ? null : milliseconds(quantile(delays, 0.99)),
    routes: routesOf(old, now, seconds),
    moreRoutes: 0,
    servers: serversOf(now),
    moreServers: 0,
    moreFailures: 0,
  };
}

/** The part of a snapshot that is kept for plots. */
export function pointIn({ at, rates, p50, p99, failures, refusals }: ConsoleSnapshot): Point {
  return { at, rates, p50, p99, failures, refusals };
}

function pointOf(old: Read, now: Read, at: number, seconds: number): Point {
  const durations = both(old, now, 'gatehouse_request_duration_seconds');
  const all = observed(...durations, null).get('') ?? new Map();
  const byClass = [...observed(...durations, 'status')].map(([name, buckets]) => [name, countOf(buckets)] as const);
  const refused = (read: Read) =>
    read('gatehouse_authentications_total').filter(({ labels }) => labels.outcome !== 'accepted');
  const limited = growth(...both(old, now, 'gatehouse_limited_total'), '');
  return {
    at,
    rates: perSecond(byClass, seconds),
    p50: milliseconds(quantile(all, 0.5)),
    p99: milliseconds(quantile(all, 0.99)),
    failures: perSecond(growth(...both(old, now, 'gatehouse_request_failures_total'), 'fault'), seconds),
    refusals: perSecond([...growth(refused(old), refused(now), 'reason'), ['limited', limited.get('') ?? 0]], seconds),
  };
}

function routesOf(old: Read, now: Read, seconds: number): RouteRow[] {
  const failures = growth(...both(old, now, 'gatehouse_request_failures_total'), 'route');
  return [...observed(...both(old, now, 'gatehouse_request_duration_seconds'), 'route')]
    .map(([name, buckets]) => ({
      name,
      rate: rate(countOf(buckets), seconds),
      p99: milliseconds(quantile(buckets, 0.99)),
      failures: rate(failures.get(name) ?? 0, seconds),
    }))
    .sort((a, b) => b.rate - a.rate || (a.name < b.name ? -1 : 1));
}

function serversOf(now: Read): ServerRow[] {
  return now('gatehouse_upstream_up')
    .map(({ labels, value }) => ({ group: String(labels.group), server: String(labels.server), isUp: value === 1 }))
    .sort((a, b) => Number(a.isUp) - Number(b.isUp));
}

type Pair = [ReturnType<Read>, ReturnType<Read>];

function both(old: Read, now: Read, name: string): Pair {
  return [old(name), now(name)];
}

function gauge(now: Read, name: string): number | null {
  return now(name)[0]?.value ?? null;
}

function perSecond(counts: Iterable<readonly [string, number]>, seconds: number): Record<string, number> {
  return Object.fromEntries([...counts].filter(([, count]) => count > 0).map(([key, n]) => [key, rate(n, seconds)]));
}

function rate(count: number, seconds: number): number {
  return rounded(count / seconds) ?? 0;
}

function milliseconds(seconds: number | null): number | null {
  return seconds === null ? null : rounded(seconds * 1000);
}

/** To one digit after the point: more would be noise, and make a snapshot long. */
function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 10) / 10;
}
