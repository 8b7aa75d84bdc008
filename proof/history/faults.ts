import { setTimeout as delay } from 'node:timers/promises';
import type { Outage } from '../audit/events.ts';
import { signal } from './gateway.ts';
import type { Node } from './network/network.ts';
import type { Recorder } from './recorder.ts';
import { type Fault, textOf, touchedBy } from './schedule.ts';
import type { Stage } from './stage.ts';

/** Milliseconds in which requests may fail because their connection ended with a process or at the database. */
const LOST_CONNECTIONS = 1_000;

/** Makes a fault, and heals it. Resolves when it is over. */
export type Disturb = (fault: Fault) => Promise<void>;

/** Faults of the same thing happen one after the other. Each is written down, with the outages that it makes. */
export function createFaults(stage: Stage, record: Recorder): Disturb {
  const free = new Map<string, Promise<void>>();
  let ids = 0;

  const disturb = async (fault: Fault) => {
    ids += 1;
    const id = ids;
    record.write({ type: 'fault', id, at: performance.now(), text: textOf(fault) });
    try {
      await make(stage, fault, (outage) => record.outage(outage));
    } finally {
      record.write({ type: 'fault over', id, at: performance.now() });
    }
  };

  return (fault) => {
    const touched = touchedBy(fault);
    const over = Promise.all(touched.map((thing) => free.get(thing))).then(() => disturb(fault));
    const settled = over.catch(() => {});
    for (const thing of touched) free.set(thing, settled);
    return over;
  };
}

type Begin = (outage: Outage) => () => void;

async function make(stage: Stage, fault: Fault, begin: Begin): Promise<void> {
  switch (fault.kind) {
    case 'reload':
      return await stage.nodes[fault.node].reload();
    case 'kill worker':
    case 'pause worker':
    case 'pause primary':
      return await disturbProcess(stage, fault, begin);
    case 'kill gateway': {
      const gateway = stage.nodes[fault.node];
      const over = begin({ kind: 'process', node: fault.node });
      await gateway.kill();
      await delay(fault.ms);
      await gateway.start();
      await gateway.whole();
      return over();
    }
    case 'pause':
    case 'kill':
    case 'empty redis':
    case 'end connections':
      return await disturbStore(stage, fault, begin);
    case 'cut': {
      const over = fault.stores.map((store) => begin({ kind: store, node: fault.node }));
      const heals: (() => Promise<void>)[] = [];
      for (const store of fault.stores) heals.push(await stage.network.cut(fault.node, store, fault.how));
      await delay(fault.ms);
      for (const heal of heals) await heal();
      for (const end of over) end();
      return;
    }
    case 'unplug': {
      const { machine } = fault;
      const over = begin(
        machine === 'a' || machine === 'b' ? { kind: 'process', node: machine } : { kind: machine, node: null },
      );
      const stores = machine === 'a' || machine === 'b' ? outOf(machine).map(begin) : [];
      const heal = await stage.network.unplug(machine);
      await delay(fault.ms);
      await heal();
      for (const end of [over, ...stores]) end();
    }
  }
}

function outOf(node: Node): Outage[] {
  return [
    { kind: 'database', node },
    { kind: 'redis', node },
  ];
}

type ProcessFault = Extract<Fault, { kind: 'kill worker' | 'pause worker' | 'pause primary' }>;

async function disturbProcess({ nodes }: Stage, fault: ProcessFault, begin: Begin): Promise<void> {
  const gateway = nodes[fault.node];
  // A fault of a store may have kept a killed worker from starting.
  await gateway.whole();
  const { primary, workers } = gateway.pids();
  const pid = fault.kind === 'pause primary' ? primary : (workers[fault.worker] ?? primary);
  const over = begin({ kind: 'process', node: fault.node });
  if (fault.kind === 'kill worker') {
    signal(pid, 'SIGKILL');
    await delay(LOST_CONNECTIONS);
    over();
    return await gateway.whole();
  }
  signal(pid, 'SIGSTOP');
  try {
    await delay(fault.ms);
  } finally {
    signal(pid, 'SIGCONT');
    over();
  }
}

type StoreFault = Extract<Fault, { kind: 'pause' | 'kill' | 'empty redis' | 'end connections' }>;

async function disturbStore({ database, redis }: Stage, fault: StoreFault, begin: Begin): Promise<void> {
  if (fault.kind === 'end connections') {
    const over = begin({ kind: 'database', node: null });
    await database.endConnections();
    await delay(LOST_CONNECTIONS);
    return over();
  }
  const store = fault.kind === 'empty redis' || fault.store === 'redis' ? redis : database;
  if (store === null) return;
  const over = begin({ kind: store === redis ? 'redis' : 'database', node: null });
  if (fault.kind === 'empty redis') {
    await redis?.restartEmpty();
  } else if (fault.kind === 'kill') {
    await store.kill();
    await delay(fault.ms);
    await store.start();
  } else {
    store.pause();
    await delay(fault.ms);
    store.continue();
  }
  over();
}
