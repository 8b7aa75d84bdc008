import { Random, seedOf } from '../random.ts';
import type { Cut, Machine, Node, Store } from './network/network.ts';

/** What goes wrong, and for how many milliseconds. */
export type Fault =
  | { readonly kind: 'kill worker'; readonly node: Node; readonly worker: number }
  | { readonly kind: 'pause worker'; readonly node: Node; readonly worker: number; readonly ms: number }
  | { readonly kind: 'pause primary'; readonly node: Node; readonly ms: number }
  | { readonly kind: 'kill gateway'; readonly node: Node; readonly ms: number }
  | { readonly kind: 'reload'; readonly node: Node }
  | { readonly kind: 'pause' | 'kill'; readonly store: Store; readonly ms: number }
  | { readonly kind: 'empty redis' }
  | { readonly kind: 'end connections' }
  | {
      readonly kind: 'cut';
      readonly node: Node;
      readonly stores: readonly Store[];
      readonly how: Cut;
      readonly ms: number;
    }
  | { readonly kind: 'unplug'; readonly machine: Machine; readonly ms: number };

export interface PlannedFault {
  /** Milliseconds since the beginning of the phase. */
  readonly at: number;
  readonly fault: Fault;
}

/** A phase of faults, which a quiet phase follows. */
export type Round = readonly PlannedFault[];

/** Milliseconds in which the faults of a round begin. */
const BEGINNINGS = 8_000;
const MOST_FAULTS = 6;
/** Milliseconds: less than the ten seconds after which a hung worker is killed. */
const LONGEST = 6_000;

/** The faults of a round. The same seed and index give the same. */
export function roundOf(seed: number, index: number, hasRedis: boolean): Round {
  const random = new Random(seedOf(seed, index));
  const planned = Array.from({ length: 1 + random.below(MOST_FAULTS) }, () => ({
    at: random.below(BEGINNINGS),
    fault: faultBy(random, hasRedis),
  }));
  return planned.sort((one, other) => one.at - other.at);
}

function faultBy(random: Random, hasRedis: boolean): Fault {
  const node = random.of<Node>(['a', 'b']);
  // Half of them are short: most of what can go wrong does at the edges of an outage.
  const ms = 100 + random.below(random.once(2) ? 1_000 : LONGEST);
  const worker = random.below(2);
  const store: Store = hasRedis ? random.of<Store>(['database', 'redis']) : 'database';
  switch (
    random.of<Fault['kind']>([
      'kill worker',
      'pause worker',
      'pause worker',
      'pause primary',
      'kill gateway',
      'reload',
      'reload',
      'pause',
      'pause',
      'kill',
      'end connections',
      'empty redis',
      'cut',
      'cut',
      'cut',
      'unplug',
    ])
  ) {
    case 'kill worker':
      return { kind: 'kill worker', node, worker };
    case 'pause worker':
      return { kind: 'pause worker', node, worker, ms };
    case 'pause primary':
      return { kind: 'pause primary', node, ms };
    case 'kill gateway':
      return { kind: 'kill gateway', node, ms };
    case 'reload':
      return { kind: 'reload', node };
    case 'pause':
      return { kind: 'pause', store, ms };
    case 'kill':
      return { kind: 'kill', store, ms };
    case 'end connections':
      return { kind: 'end connections' };
    case 'empty redis':
      return hasRedis ? { kind: 'empty redis' } : { kind: 'end connections' };
    case 'cut': {
      const stores: readonly Store[] = hasRedis && random.once(3) ? ['database', 'redis'] : [store];
      return { kind: 'cut', node, stores, how: random.of<Cut>(['silent', 'answers']), ms };
    }
    case 'unplug':
      return { kind: 'unplug', machine: random.of<Machine>([node, store]), ms };
  }
}

/** One line for the output. */
export function textOf(fault: Fault): string {
  switch (fault.kind) {
    case 'kill worker':
      return `kill worker ${fault.worker} of ${fault.node} (SIGKILL)`;
    case 'pause worker':
      return `pause worker ${fault.worker} of ${fault.node} for ${fault.ms} ms (SIGSTOP)`;
    case 'pause primary':
      return `pause the primary of ${fault.node} for ${fault.ms} ms (SIGSTOP)`;
    case 'kill gateway':
      return `kill gateway ${fault.node} (SIGKILL), start it after ${fault.ms} ms`;
    case 'reload':
      return `reload the configuration of ${fault.node} (SIGHUP)`;
    case 'pause':
      return `pause the ${fault.store} for ${fault.ms} ms (SIGSTOP)`;
    case 'kill':
      return `kill the ${fault.store} (SIGKILL), start it after ${fault.ms} ms`;
    case 'empty redis':
      return 'kill redis, and start it without its data';
    case 'end connections':
      return 'end all connections at the database';
    case 'cut':
      return `cut ${fault.node} from ${fault.stores.join(' and ')} for ${fault.ms} ms (${CUTS[fault.how]})`;
    case 'unplug':
      return `unplug ${fault.machine} for ${fault.ms} ms`;
  }
}

const CUTS: Readonly<Record<Cut, string>> = { silent: 'nothing arrives', answers: 'no answer arrives' };

/** What the fault changes: faults of the same thing wait for each other. */
export function touchedBy(fault: Fault): readonly string[] {
  switch (fault.kind) {
    case 'kill worker':
    case 'pause worker':
    case 'pause primary':
    case 'kill gateway':
    case 'reload':
      return [`gateway ${fault.node}`];
    case 'pause':
    case 'kill':
      return [`server ${fault.store}`];
    case 'empty redis':
      return ['server redis'];
    case 'end connections':
      return ['server database'];
    case 'cut':
      return [fault.node, ...fault.stores].map((machine) => `network of ${machine}`);
    case 'unplug':
      return [`network of ${fault.machine}`];
  }
}
