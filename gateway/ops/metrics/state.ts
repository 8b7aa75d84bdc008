import { Counter, Gauge, type Registry } from 'prom-client';
import type { ServedCertificate } from '../served-certificates.ts';

/** Cache hits and misses. */
export interface LookUps {
  readonly hits: number;
  readonly misses: number;
}

/** Values that are read at each scrape, and cost nothing in between. */
export interface State {
  readonly hashing: { readonly waiting: number; readonly running: number };
  readonly denylist: {
    readonly size: number;
    /** Milliseconds. */
    age(): number;
  };
  /** Milliseconds by which the clock of this process is ahead of those of the stores. */
  readonly clocks: readonly { readonly store: string; readonly difference: number }[];
  readonly caches: { readonly credentials: LookUps; readonly accounts: LookUps; readonly assertions: LookUps };
  readonly stores: readonly { readonly name: string; readonly isUp: boolean }[];
  linesDropped(): number;
  /** Those of the public listener. */
  certificates(): readonly ServedCertificate[];
}

export function stateMetrics(
  registry: Registry,
  { hashing, denylist, clocks, caches, stores, linesDropped }: State,
): void {
  const registers = [registry];

  new Gauge({
    name: 'gatehouse_workers',
    help: 'Processes that these numbers are of.',
    registers,
  }).set(1);
  new Gauge({
    name: 'gatehouse_password_checks',
    help: 'Password checks that are running, and that wait for their turn.',
    labelNames: ['state'],
    registers,
    collect() {
      this.set({ state: 'running' }, hashing.running);
      this.set({ state: 'waiting' }, hashing.waiting);
    },
  });
  new Counter({
    name: 'gatehouse_cache_requests_total',
    help: 'Look-ups in the memory of proven credentials, of accounts and of assertions.',
    labelNames: ['cache', 'result'],
    registers,
    collect() {
      // The caches count them.
      this.reset();
      for (const [cache, { hits, misses }] of Object.entries(caches)) {
        this.inc({ cache, result: 'hit' }, hits);
        this.inc({ cache, result: 'miss' }, misses);
      }
    },
  });
  logMetrics(registry, linesDropped);
  // Each process has a copy of the same list, so the maximum is exported instead of the sum.
  new Gauge({
    name: 'gatehouse_denylist_tokens',
    help: 'Tokens that were revoked one by one, until a day after they expire.',
    aggregator: 'max',
    registers,
    collect() {
      this.set(denylist.size);
    },
  });
  new Gauge({
    name: 'gatehouse_denylist_age_seconds',
    help: 'Time since the revocations were last known to be complete.',
    aggregator: 'max',
    registers,
    collect() {
      this.set(denylist.age() / 1000);
    },
  });
  new Gauge({
    name: 'gatehouse_clock_difference_seconds',
    help: 'How far the clock of the process is ahead of the clock of a store; less than 0: behind it.',
    labelNames: ['store'],
    aggregator: 'average',
    registers,
    collect() {
      for (const { store, difference } of clocks) this.set({ store }, difference / 1000);
    },
  });
  new Gauge({
    name: 'gatehouse_store_up',
    help: 'Whether a store answers, 1 or 0.',
    labelNames: ['store'],
    aggregator: 'min',
    registers,
    collect() {
      for (const { name, isUp } of stores) this.set({ store: name }, Number(isUp));
    },
  });
}

/** Separate from the others, since the primary has a log too. */
export function logMetrics(registry: Registry, linesDropped: () => number): void {
  new Counter({
    name: 'gatehouse_log_lines_dropped_total',
    help: 'Lines of the log that were dropped because standard output did not take them.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(linesDropped());
    },
  });
}
