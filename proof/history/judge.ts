import { createAuditor } from '../audit/auditor.ts';
import type { Outage, Violation } from '../audit/events.ts';
import { trackOutages } from '../audit/outages.ts';
import type { Line, RunLine, UsedLine } from './line.ts';
import { createSpread, type Spread } from './spread.ts';
import { trackStarvation } from './starvation.ts';

/** Judges a history, line by line, while it is made or when it is read. */
export interface Judge {
  /** @throws Error where the lines are no history */
  see(line: Line): void;
  readonly violations: readonly Violation[];
  readonly spread: Spread;
  /** Milliseconds in which a process waited too long for a processor: nothing had to be available then. */
  starved(): number;
}

type StoreOrProcess = 'process' | 'database' | 'redis';

/** Milliseconds after an outage in which requests may get no answer: what was under way, and what waits behind it. */
const RECOVERY = 5_000;

export function createHistoryJudge(): Judge {
  const auditor = createAuditor();
  const outages = trackOutages();
  /** By the ids of the history. */
  const acts = new Map<number, number>();
  const periods = new Map<number, (end: number) => void>();
  const spread = createSpread(outages, (at, text) => auditor.reports('accepted after a revocation', at, text));
  const begins = (outage: Outage, at: number) => {
    const [audited, tracked] = [auditor.outageBegins(outage, at), outages.begins(outage, at)];
    return (end: number) => {
      auditor.outageEnds(audited, end);
      outages.ends(tracked, end);
    };
  };
  const starvation = trackStarvation((at) => begins({ kind: 'process', node: null }, at));
  let run: RunLine | null = null;

  const isExcused = (kinds: readonly StoreOrProcess[], node: string, begun: number, ended: number) =>
    kinds.some((kind) => outages.within(kind, node, begun - RECOVERY, ended));

  const used = (line: UsedLine) => {
    const { node, status, owner, user, begun, ended } = line;
    if (status === null) {
      if (!isExcused(['process', 'database'], node, begun, ended))
        auditor.reports('unavailable without an outage', ended, `no answer: ${told(line)}`);
      return;
    }
    if (status === 200 && user !== owner) {
      auditor.reports('unexpected status', ended, `${told(line)}: account ${owner} passed as ${user ?? 'nobody'}`);
    }
    auditor.used({ ...line, status });
  };

  return {
    violations: auditor.violations,
    spread,
    starved: starvation.total,
    see(line) {
      if (run === null && line.type !== 'run') throw new Error('the first line is not that of a run');
      spread.see(line);
      switch (line.type) {
        case 'run':
          run = line;
          return;
        case 'begins':
          acts.set(line.id, auditor.begins(line.act, line.node, line.at));
          return;
        case 'ends':
          auditor.ends(known(acts, line.id), line.outcome, line.at, line.issued);
          acts.delete(line.id);
          return;
        case 'used':
          return used(line);
        case 'listed':
          return auditor.listed(line);
        case 'outage':
          periods.set(line.id, begins(line.outage, line.at));
          return;
        case 'outage over':
          return known(periods, line.id)(line.at);
        case 'waited':
          return starvation.waited(line.ms, line.at);
        case 'ready': {
          const { node, status, unavailable, at } = line;
          const isRecovered = status === 200 && unavailable.length === 0;
          if (isRecovered || isExcused(['process', 'database', 'redis'], node, at, at)) return;
          const what = unavailable.length === 0 ? '' : `, without ${unavailable.join(' and ')}`;
          return auditor.reports(
            'not recovered',
            at,
            `${node} is not ready (${status ?? 'no answer'}${what}) at ${Math.round(at)} ms`,
          );
        }
        case 'phase':
        case 'fault':
        case 'fault over':
          return;
      }
    },
  };
}

function known<T>(all: ReadonlyMap<number, T>, id: number): T {
  const found = all.get(id);
  if (found === undefined) throw new Error(`the history has an end of ${id}, but no beginning`);
  return found;
}

function told({ status, node, process, credential, form, begun, ended }: UsedLine): string {
  const what = credential.kind === 'token' ? credential.token : `the password of ${credential.account}`;
  return `${status ?? 'nothing'} of ${node} (${process}) for ${what} as ${form}, sent at ${Math.round(begun)} ms, until ${Math.round(ended)} ms`;
}
