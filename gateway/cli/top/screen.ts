import { visibleLine } from '../../domain/visible-text.ts';
import type { ConsoleSnapshot } from '../../ops/console/snapshot.ts';

/** What is shown. */
export interface Shown {
  /** The ops listener. */
  readonly address: string;
  /** From the oldest to the newest. */
  readonly history: readonly ConsoleSnapshot[];
  /** Why the numbers are not of this moment; null: they are. */
  readonly lost: string | null;
}

export interface Line {
  /** Without control characters, and not wider than the screen. */
  readonly text: string;
  readonly tone: 'plain' | 'title' | 'bad';
}

const BARS = '▁▂▃▄▅▆▇█';

/** The lines of the screen, at most as many as it has rows. */
export function screenOf(shown: Shown, { columns, rows }: { columns: number; rows: number }): Line[] {
  const lines: Line[] = [];
  const add = (text: string, tone: Line['tone'] = 'plain') =>
    void lines.push({ text: cut(visibleLine(text), columns), tone });
  const latest = shown.history.at(-1);
  if (shown.lost !== null) add(`CONNECTION LOST: ${shown.lost}; trying again`, 'bad');
  if (latest === undefined) {
    add(`gatehouse top  ${shown.address}  waiting for the first snapshot`, 'title');
    return lines.slice(0, rows);
  }
  addState(latest, shown.address, add);
  add('');
  addPlots(shown.history, columns, add);
  add('');
  addRoutes(latest, rows - lines.length, add);
  addServers(latest, add);
  addFailures(shown.history, add);
  return lines.slice(0, rows);
}

type Add = (text: string, tone?: Line['tone']) => void;

function addState(latest: ConsoleSnapshot, address: string, add: Add): void {
  const down = latest.unavailable.length === 0 ? '' : ` (down: ${latest.unavailable.join(', ')})`;
  const isReady = latest.status === 'ready';
  add(
    `gatehouse ${latest.version}  ${address}  ${latest.status.replaceAll('_', ' ')}${down}`,
    isReady ? 'title' : 'bad',
  );
  const stores = latest.stores.map(({ name, isUp }) => `${name} ${isUp ? 'up' : 'DOWN'}`).join(', ');
  add(
    `${latest.workers} ${latest.workers === 1 ? 'process' : 'processes'}  ${stores}  denylist ${orDash(latest.denylistAge)} s old  event loop p99 ${orDash(latest.eventLoop)} ms  in flight ${latest.inFlight}  WebSockets ${latest.webSockets}`,
  );
  const since = new Date(latest.configuration.appliedAt).toISOString().replace(/\.\d+Z$/, 'Z');
  add(`${latest.configuration.file}, in use since ${since}`);
}

function addPlots(history: readonly ConsoleSnapshot[], columns: number, add: Add): void {
  const plot = (name: string, value: (one: ConsoleSnapshot) => number | null, unit: string) => {
    const values = history.map(value);
    const last = values.at(-1) ?? null;
    const width = Math.max(0, columns - 36);
    add(`${name.padEnd(16)}${orDash(last).padStart(10)} ${unit.padEnd(4)} ${sparkline(values.slice(-width))}`);
  };
  plot('requests', ({ rates }) => sum(rates), '/s');
  plot('p50', ({ p50 }) => p50, 'ms');
  plot('p99', ({ p99 }) => p99, 'ms');
  plot('failures', ({ failures }) => sum(failures), '/s');
  plot('refusals', ({ refusals }) => sum(refusals), '/s');
  const { rates, failures, refusals } = history.at(-1) ?? { rates: {}, failures: {}, refusals: {} };
  add(`status ${counts(rates)}  faults ${counts(failures)}  refusals ${counts(refusals)}`);
}

function addRoutes({ routes, moreRoutes }: ConsoleSnapshot, room: number, add: Add): void {
  const count = Math.max(3, Math.floor(room / 2));
  const more = moreRoutes + Math.max(0, routes.length - count);
  add(row('ROUTE', 'REQUESTS/S', 'P99 MS', 'FAILURES/S'), 'title');
  for (const { name, rate, p99, failures } of routes.slice(0, count)) {
    add(row(name, String(rate), orDash(p99), String(failures)), failures > 0 ? 'bad' : 'plain');
  }
  if (more > 0) add(`and ${more} more`);
}

function addServers({ servers, moreServers }: ConsoleSnapshot, add: Add): void {
  const down = servers.filter(({ isUp }) => !isUp);
  const all = servers.length + moreServers;
  if (all === 0) return;
  add(`UPSTREAM SERVERS  ${all - down.length} of ${all} up`, 'title');
  for (const { group, server } of down) add(`DOWN  ${group}  ${server}`, 'bad');
}

function addFailures(history: readonly ConsoleSnapshot[], add: Add): void {
  const failures = history.flatMap(({ newFailures }) => newFailures).toReversed();
  if (failures.length === 0) return;
  add('LAST FAILURES (search the log for the id)', 'title');
  for (const { at, status, fault, method, path, detail, id } of failures.slice(0, 50)) {
    add(`${new Date(at).toISOString().slice(11, 19)} ${status} ${fault} ${id} ${method} ${path}: ${detail}`);
  }
}

function row(name: string, ...cells: readonly string[]): string {
  return `${cut(visibleLine(name), 30).padEnd(30)}${cells.map((cell) => cell.padStart(12)).join('')}`;
}

/** A bar for each value, from 0 to the greatest; a gap where there is none. */
export function sparkline(values: readonly (number | null)[]): string {
  const greatest = Math.max(0, ...values.map((value) => value ?? 0));
  return values
    .map((value) => {
      if (value === null) return ' ';
      const place = greatest === 0 ? 0 : Math.round((value / greatest) * (BARS.length - 1));
      return BARS[place] ?? ' ';
    })
    .join('');
}

function counts(map: Readonly<Record<string, number>>): string {
  const parts = Object.entries(map).map(([name, rate]) => `${name} ${rate}`);
  return parts.length === 0 ? '-' : parts.join(', ');
}

function sum(map: Readonly<Record<string, number>>): number {
  return Math.round(Object.values(map).reduce((all, one) => all + one, 0) * 10) / 10;
}

function orDash(value: number | null): string {
  return value === null ? '-' : String(value);
}

/** A wide character takes two columns; those beyond ASCII and the bars are counted so. */
function cut(text: string, columns: number): string {
  let width = 0;
  let kept = '';
  for (const character of text) {
    width += /[\u1100-\u{10ffff}]/u.test(character) && !/[\u2000-\u25ff]/.test(character) ? 2 : 1;
    if (width > columns) return kept;
    kept += character;
  }
  return kept;
}
