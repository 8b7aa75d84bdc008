import { median } from '../../bench/harness/statistics.ts';
import type { Act } from '../audit/events.ts';
import type { Outages } from '../audit/outages.ts';
import type { Line, RunLine, UsedLine } from './line.ts';

/** How long credentials were accepted after the acknowledgement of what ended them. */
export interface Spread {
  see(line: Line): void;
  /**
   * Milliseconds from the acknowledgement to the sending of the last request that was accepted, 0 where none was, for each
   * credential and gateway that it was tried at, by what ended it, which gateway was asked, and whether all was well.
   */
  latencies(): ReadonlyMap<string, readonly number[]>;
}

/** An acknowledged act, and the credentials that it ended. */
interface Ended {
  readonly act: Act;
  /** The node that was asked. */
  readonly asked: string;
  readonly begun: number;
  readonly acknowledged: number;
  /** By node: until when it accepted, relative to `acknowledged`. */
  readonly late: Map<string, number>;
}

/** Milliseconds after the acknowledgement in which acceptances count here. The auditor judges those after it. */
const OBSERVED = 2_500;
/** Milliseconds before an act in which an outage counts as one at its time: its effects may last so long. */
const AFTERMATH = 5_000;
/**
 * The documented bounds in milliseconds while all is well: with Redis or PostgreSQL, and by reading the database twice a second.
 * They allow for a busy machine; to both is added what the clients and the workers have waited for a processor.
 */
const AT_ONCE = 300;
const BY_READING = 1_000;
/** Milliseconds: the most that the median of at least so many may be with Redis or PostgreSQL. By reading alone it is 250. */
const PUSHED = 125;
const ENOUGH = 10;
/** Milliseconds after which the answers to all requests have been told. */
const DELAY = 10_000;
/** Lines about waits that are kept, those of half a minute. */
const WAITS = 120;

/** @param tooLate gets each acceptance that was too late although all was well */
export function createSpread(outages: Pick<Outages, 'within'>, tooLate: (at: number, text: string) => void): Spread {
  const open = new Map<number, { readonly act: Act; readonly node: string; readonly begun: number }>();
  const tokens = new Map<string, { readonly account: string; readonly issued: number }>();
  const endedTokens = new Map<string, Ended>();
  const endedAccounts = new Map<string, Ended>();
  let observed: Ended[] = [];
  const done = new Map<string, number[]>();
  const waits: { readonly at: number; readonly ms: number }[] = [];
  let run: RunLine | null = null;

  const waited = (from: number, to: number) =>
    waits.reduce((sum, { at, ms }) => (at >= from && at - 1_000 <= to ? sum + ms : sum), 0);

  const conclude = (ended: Ended) => {
    const { act, asked, begun, acknowledged } = ended;
    const until = acknowledged + OBSERVED;
    for (const [node, late] of ended.late) {
      const isWell = !['a', 'b'].some((one) =>
        (['database', 'redis', 'process'] as const).some((kind) => outages.within(kind, one, begun - AFTERMATH, until)),
      );
      const where = asked === node ? 'same gateway' : asked === 'a' || asked === 'b' ? 'other gateway' : 'by command';
      const path = `${act.kind}, ${where}, ${isWell ? 'quiet' : 'faults'}`;
      done.set(path, [...(done.get(path) ?? []), late]);
      const bound = run?.hasRedis || run?.database === 'postgres' ? AT_ONCE : BY_READING;
      if (isWell && late > bound + waited(acknowledged, until)) {
        const what = `${act.kind} at ${asked}, acknowledged at ${Math.round(acknowledged)} ms`;
        tooLate(acknowledged + late, `${node} accepted for ${Math.round(late)} ms although all was well: ${what}`);
      }
    }
  };

  /** Acts are concluded when all that concerns them has been told. */
  const concludeUntil = (at: number) => {
    const over = observed.filter(({ acknowledged }) => acknowledged + OBSERVED < at);
    if (over.length === 0) return;
    observed = observed.filter((one) => !over.includes(one));
    for (const one of over) conclude(one);
  };

  const endsCredentials = (ended: Ended) => {
    const { act, begun } = ended;
    switch (act.kind) {
      case 'revoke':
        if (!endedTokens.has(act.token)) endedTokens.set(act.token, ended);
        break;
      case 'revoke all':
      case 'password':
      case 'unconfirm':
      case 'remove':
        for (const [id, { account, issued }] of tokens) {
          if (account === act.account && issued < begun && !endedTokens.has(id)) endedTokens.set(id, ended);
        }
        if (act.kind !== 'revoke all') endedAccounts.set(act.account, ended);
        break;
      case 'add':
      case 'issue':
      case 'log in':
      case 'confirm':
      case 'groups':
        return;
    }
    observed.push(ended);
  };

  const endingOf = ({ credential }: UsedLine): Ended | undefined => {
    if (credential.kind === 'token') return endedTokens.get(credential.token);
    const ended = endedAccounts.get(credential.account);
    return ended?.act.kind === 'password' && ended.act.password === credential.password ? undefined : ended;
  };

  return {
    see(line) {
      switch (line.type) {
        case 'run':
          run = line;
          return;
        case 'begins':
          open.set(line.id, { act: line.act, node: line.node, begun: line.at });
          if (line.act.kind === 'confirm') endedAccounts.delete(line.act.account);
          return;
        case 'ends': {
          const begun = open.get(line.id);
          open.delete(line.id);
          if (begun === undefined || line.outcome !== 'acknowledged') return;
          const { act } = begun;
          if (act.kind === 'issue' && line.issued !== undefined)
            tokens.set(line.issued, { account: act.account, issued: line.at });
          endsCredentials({ act, asked: begun.node, begun: begun.begun, acknowledged: line.at, late: new Map() });
          return;
        }
        case 'used': {
          const ended = endingOf(line);
          const isObserved = ended !== undefined && line.begun <= ended.acknowledged + OBSERVED;
          if (ended === undefined || !isObserved || line.begun <= ended.acknowledged || line.status === null) return;
          const late = line.status === 200 ? line.begun - ended.acknowledged : 0;
          ended.late.set(line.node, Math.max(ended.late.get(line.node) ?? 0, late));
          return;
        }
        case 'waited':
          waits.push({ at: line.at, ms: Math.max(0, ...Object.values(line.ms)) });
          if (waits.length > WAITS) waits.shift();
          return concludeUntil(line.at - DELAY);
        case 'outage':
        case 'outage over':
        case 'listed':
        case 'ready':
        case 'fault':
        case 'fault over':
        case 'phase':
          return;
      }
    },
    latencies() {
      concludeUntil(Number.POSITIVE_INFINITY);
      const typical = done.get('revoke, other gateway, quiet') ?? [];
      const isPushed = run?.hasRedis || run?.database === 'postgres';
      if (isPushed && typical.length >= ENOUGH && median(typical) > PUSHED)
        tooLate(
          0,
          `the other gateway accepted for ${Math.round(median(typical))} ms in the median, as if by reading alone`,
        );
      return done;
    },
  };
}
