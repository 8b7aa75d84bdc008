import type { Fault } from '../../domain/errors.ts';
import type { RequestRecord } from '../../domain/request-record.ts';
import { copyOf } from '../../fields/name.ts';
import { withoutCredentials } from '../redact.ts';

/** A request that failed, as its log line has it. */
export interface Failure {
  /** Counts up in a process, from 1. */
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The id to search the log for. */
  readonly id: string;
  readonly method: string;
  /** Without query and credentials. */
  readonly path: string;
  readonly route: string | null;
  readonly status: number;
  readonly fault: Fault;
  readonly error: string;
  readonly detail: string;
  /** The origin of the server that was asked; null: none was. */
  readonly upstream: string | null;
}

/** A failure with the worker that it happened in; null: the gateway is one process. */
export interface SeenFailure extends Failure {
  readonly worker: number | null;
}

/** The failures that a process remembers. */
export interface Failures {
  /** From the oldest to the newest. */
  readonly recent: readonly Failure[];
  /** The last failure of each upstream server that was the fault of the server. */
  readonly ofServers: readonly Failure[];
}

/** The failures that a gateway remembers. */
export interface SeenFailures {
  readonly recent: readonly SeenFailure[];
  readonly ofServers: readonly SeenFailure[];
}

export const NO_FAILURES: Failures = { recent: [], ofServers: [] };

/** Failures by the fault of clients that are remembered. They have a number of their own, so that a flood of them hides no other. */
const MOST_OF_CLIENTS = 25;
/** Other failures that are remembered. */
const MOST_OF_OTHERS = 50;
/** Servers whose last failure is remembered: a reload may name new ones. */
const MOST_SERVERS = 500;
/** Characters of a path or detail. */
const LONGEST_TEXT = 300;
/** Characters that are looked through for credentials, as for the log. */
const READ_TEXT = 2_048;

export interface FailureMemory {
  /** Remembers the request if it failed. @param status of the answer, as in the log */
  add(record: RequestRecord, status: number): void;
  read(): Failures;
}

/** The last failures of this process. A request that succeeds costs one comparison. */
export function rememberFailures(): FailureMemory {
  const ofClients: Failure[] = [];
  const ofOthers: Failure[] = [];
  const ofServers = new Map<string, Failure>();
  let number = 0;
  return {
    add(record, status) {
      if (record.failure === null) return;
      number += 1;
      const failure = failureOf(record, record.failure, status, number);
      const [recent, most] = isOfClient(failure) ? [ofClients, MOST_OF_CLIENTS] : [ofOthers, MOST_OF_OTHERS];
      if (recent.length === most) recent.shift();
      recent.push(failure);
      if (failure.fault !== 'upstream' || failure.upstream === null) return;
      // The oldest comes first in the map.
      ofServers.delete(failure.upstream);
      ofServers.set(failure.upstream, failure);
      const [oldest] = ofServers.keys();
      if (ofServers.size > MOST_SERVERS && oldest !== undefined) ofServers.delete(oldest);
    },
    read: () => ({
      recent: [...ofClients, ...ofOthers].sort((a, b) => a.number - b.number),
      ofServers: [...ofServers.values()],
    }),
  };
}

function failureOf(
  { id, method, path, route, upstream }: RequestRecord,
  { fault, code, message }: NonNullable<RequestRecord['failure']>,
  status: number,
  number: number,
): Failure {
  return {
    number,
    at: Date.now(),
    id: copyOf(id),
    method: copyOf(method),
    path: shortened(path),
    route,
    status,
    fault,
    error: code,
    detail: shortened(message),
    upstream,
  };
}

/** A cut credential could no longer be recognised, so it is removed first. Copied: a slice keeps the head of the request in memory. */
function shortened(text: string): string {
  return Buffer.from(withoutCredentials(text.slice(0, READ_TEXT)).slice(0, LONGEST_TEXT)).toString();
}

/** The failures of several processes as those of one. @param all by worker; null: of the only process */
export function mergedFailures(all: Iterable<readonly [worker: number | null, Failures]>): SeenFailures {
  const merge = (list: keyof Failures) =>
    [...all]
      .flatMap(([worker, failures]) => failures[list].map((failure) => ({ ...failure, worker })))
      .sort((a, b) => a.at - b.at);
  const ofServers = new Map(merge('ofServers').map((failure) => [failure.upstream, failure]));
  return { recent: latestOf(merge('recent')), ofServers: [...ofServers.values()] };
}

function latestOf(failures: readonly SeenFailure[]): SeenFailure[] {
  const [ofClients, ofOthers] = [failures.filter(isOfClient), failures.filter((failure) => !isOfClient(failure))];
  const kept = new Set([...ofClients.slice(-MOST_OF_CLIENTS), ...ofOthers.slice(-MOST_OF_OTHERS)]);
  return failures.filter((failure) => kept.has(failure));
}

function isOfClient({ fault }: Failure): boolean {
  return fault === 'client';
}
