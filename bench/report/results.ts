import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Row } from '../harness/figure.ts';
import type { Spread } from '../harness/statistics.ts';
import type { OnForgeries } from '../peers/user-id.ts';
import type { Machine } from './machine.ts';

/** How quickly a server answers, and what that costs. */
export interface Speed {
  /** Requests per second. */
  readonly rate: Spread;
  /** CPU time of the server per request, in microseconds. */
  readonly cpu: Spread;
  /** The share of its core that the server had at work, from 0 to 1. With less than all, load or upstream was the limit. */
  readonly busy: Spread;
}

/** What could not be measured, and why; the moment is in ISO 8601. */
export interface LeftOut {
  readonly kind: 'left out';
  readonly at: string;
  readonly reason: string;
}

/** A peer that did its work. */
export interface MeasuredPeer extends Speed {
  readonly kind: 'measured';
  readonly at: string;
  readonly versions: string;
  /** By what factor the gateway was quicker in the same round; null: it failed in that run. */
  readonly ratio: Spread | null;
  /** What it did with user ids that clients made up; null: it authenticates nobody. */
  readonly onForgeries: OnForgeries | null;
}

export type PeerResult = MeasuredPeer | LeftOut;

/** For what an error has ended just now; of the error, its first line. */
export function leftOutBy(error: unknown): LeftOut {
  const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return { kind: 'left out', at: new Date().toISOString(), reason };
}

export type FigureResult = { readonly kind: 'measured'; readonly at: string; readonly rows: readonly Row[] } | LeftOut;

/** The gateway with one kind of credential; left out where it failed a request, as any peer. */
export type OurSpeed = ({ readonly kind: 'measured' } & Speed) | LeftOut;

/** The gateway, by what it was sent. */
export interface Ours {
  readonly at: string;
  readonly token: OurSpeed;
  readonly password: OurSpeed;
  /** The most that other programs took of the server's core in any turn of that run, from 0 to 1. */
  readonly others: number;
}

/** What the report is made of. It outlives a run, so that a part can be measured again by itself. */
export interface Results {
  readonly format: typeof FORMAT;
  readonly machine: Machine;
  /** The gateway, of the last run that measured a peer. */
  readonly gatehouse: Ours | null;
  /** By name. */
  readonly peers: Readonly<Record<string, PeerResult>>;
  readonly figures: Readonly<Record<string, FigureResult>>;
}

/** To be counted up when these types change: what was kept in another shape is thrown away. */
const FORMAT = 3;
const FILE = join(import.meta.dirname, '../results.json');

/** What earlier runs have found on this machine. */
export async function loadResults(machine: Machine): Promise<Results> {
  const none: Results = { format: FORMAT, machine, gatehouse: null, peers: {}, figures: {} };
  try {
    const results = JSON.parse(await readFile(FILE, 'utf8')) as Results;
    const isSame = results.format === FORMAT && JSON.stringify(results.machine) === JSON.stringify(machine);
    return isSame ? results : none;
  } catch {
    return none;
  }
}

export async function saveResults(results: Results): Promise<void> {
  await writeFile(`${FILE}.new`, `${JSON.stringify(results, null, 2)}\n`);
  await rename(`${FILE}.new`, FILE);
}
