import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';

/** Values by the name of their series, such as `heap` in bytes or `descriptors`. One that is missing is 0. */
export type Values = Readonly<Record<string, number>>;

/** What one process of a gateway has at a moment. */
export interface ProcessSample {
  readonly kind: 'process';
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly node: string;
  readonly role: 'primary' | 'worker' | 'single';
  readonly pid: number;
  readonly values: Values;
}

/** What the stores have at a moment: rows of tables, keys and bytes of Redis. */
export interface StoresSample {
  readonly kind: 'stores';
  readonly at: number;
  readonly values: Values;
}

/** What a gateway says of itself, by its metrics. */
export interface GaugesSample {
  readonly kind: 'gauges';
  readonly at: number;
  readonly node: string;
  readonly values: Values;
}

/** How busy the machine is, and with it the load. */
export interface MachineSample {
  readonly kind: 'machine';
  readonly at: number;
  /** Processes that run or wait for a core, as an average of a minute. */
  readonly load: number;
  /** The share of the time in which its cores had nothing to do. */
  readonly idle: number;
  /** The longest delay of the event loop of the load, in milliseconds. */
  readonly delay: number;
}

/** The answers to one kind of request. */
export interface Answers {
  readonly count: number;
  /** By status; `none`: the connection broke. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Those that the faults of the run explain. */
  readonly excused: number;
  readonly unexpected: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** The answers since the sample before. */
export interface TrafficSample {
  readonly kind: 'traffic';
  readonly at: number;
  readonly seconds: number;
  readonly underWay: number;
  /** Requests that were not sent, because too many were under way. */
  readonly heldBack: number;
  readonly operations: Readonly<Record<string, Answers>>;
}

/** What the run did on purpose. */
export interface EventSample {
  readonly kind: 'event';
  readonly at: number;
  readonly event: 'reload' | 'kill' | 'redis stops' | 'redis is back';
  readonly detail: string;
}

export interface UnexpectedSample {
  readonly kind: 'unexpected';
  readonly at: number;
  readonly node: string;
  readonly operation: string;
  /** Of the request. */
  readonly id: string | null;
  readonly message: string;
  /** What the log of the gateway says of it. */
  readonly line: Readonly<Record<string, unknown>> | null;
}

/** A line of a gateway's log above `info`. */
export interface LogSample {
  readonly kind: 'log';
  readonly at: number;
  readonly node: string;
  readonly line: Readonly<Record<string, unknown>>;
}

export interface BeginSample {
  readonly kind: 'begin';
  readonly at: number;
  readonly seed: number;
  readonly hours: number;
  /** Requests per second. */
  readonly rate: number;
  readonly database: string;
  readonly node: string;
  /** Milliseconds between two samples. */
  readonly every: number;
}

export interface EndSample {
  readonly kind: 'end';
  readonly at: number;
  /** `TIME_IS_OVER`, or what ended it before. */
  readonly reason: string;
}

export const TIME_IS_OVER = 'its time is over';

export type Sample =
  | BeginSample
  | ProcessSample
  | StoresSample
  | GaugesSample
  | MachineSample
  | TrafficSample
  | EventSample
  | UnexpectedSample
  | LogSample
  | EndSample;

/** Adds samples to a file, each as a line of JSON, so that a run that is killed leaves all that it measured. */
export interface Recorder {
  readonly file: string;
  add(sample: Sample): void;
}

export function recordTo(file: string): Recorder {
  writeFileSync(file, '');
  return { file, add: (sample) => appendFileSync(file, `${JSON.stringify(sample)}\n`) };
}

/** Reads what a recorder wrote; a last line that was cut off is left out. */
export function readSamples(file: string): Sample[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Sample);
}
