import type { OutageKind } from '../audit/events.ts';
import type { Installation } from './installation.ts';
import type { Node } from './world.ts';

/** The installation that a fault happens to. */
export interface Stage extends Installation {
  /** All that use the same Redis, with this one. */
  readonly onRedis: readonly Installation[];
}

/** Begins a fault. @returns ends it */
export type Fault = (stage: Stage) => () => void;

function some<T>(stage: Stage, all: readonly T[]): T {
  const chosen = all[stage.world.scheduler.random.below(all.length)];
  if (chosen === undefined) throw new Error('there is nothing to choose from');
  return chosen;
}

/** The nodes that this fault concerns: mostly all, or one. */
function concerned(stage: Stage): readonly Node[] {
  const { nodes, scheduler } = stage.world;
  return scheduler.random.once(2) ? nodes : [some(stage, nodes)];
}

/** Outages of the nodes, for the auditors. @param nodes null: of the store itself @returns ends them */
function outage({ world, onRedis }: Stage, kind: OutageKind, nodes: readonly Node[] | null): () => void {
  const names = nodes === null ? [null] : nodes.map(({ name }) => name);
  const concerned = kind === 'redis' && nodes === null ? onRedis.map((one) => one.world) : [world];
  const ends = concerned.flatMap(({ auditor }) =>
    names.map((node) => {
      const id = auditor.outageBegins({ kind, node }, world.now);
      return () => auditor.outageEnds(id, world.now);
    }),
  );
  return () => {
    for (const end of ends) end();
  };
}

/** The ways to one store do not work. */
function ways(store: 'sql' | 'redis', state: 'refused' | 'silent'): Fault {
  return (stage) => {
    const nodes = concerned(stage);
    const kind = store === 'sql' ? 'database' : 'redis';
    const ends = [outage(stage, kind, nodes)];
    // What a node that is cut off had begun keeps the others from writing until the server ends it.
    if (store === 'sql') ends.push(outage(stage, 'writes', null));
    for (const node of nodes) stage.world.setFaults(node, { [store]: state });
    return () => {
      for (const node of nodes) stage.world.mend(node);
      for (const end of ends) end();
    };
  };
}

/** Connections break, some of them after what was asked has been done. */
function losses(store: 'sql' | 'redis'): Fault {
  return (stage) => {
    const nodes = concerned(stage);
    const ends = [outage(stage, store === 'sql' ? 'database' : 'redis', nodes)];
    if (store === 'sql') ends.push(outage(stage, 'writes', null));
    const once = some(stage, [5, 15, 40]);
    for (const node of nodes) stage.world.setFaults(node, store === 'sql' ? { sqlLoss: once } : { redisLoss: once });
    return () => {
      for (const node of nodes) stage.world.mend(node);
      for (const end of ends) end();
    };
  };
}

/** A server stops for a while, and then does what it has received. */
function hang(store: 'sql' | 'redis'): Fault {
  return (stage) => {
    const { world } = stage;
    const end = outage(stage, store === 'sql' ? 'database' : 'redis', null);
    world[store].owner.isPaused = true;
    return () => {
      world.resume(world[store].owner);
      end();
    };
  };
}

const slow: Fault = ({ world }) => {
  for (const node of world.nodes) world.setFaults(node, { slowest: world.scheduler.between(20, 100) });
  return () => {
    for (const node of world.nodes) world.mend(node);
  };
};

/** Messages take so long that what is read is old when it arrives. */
const verySlow: Fault = (stage) => {
  const nodes = concerned(stage);
  const ends = [outage(stage, 'database', nodes), outage(stage, 'writes', null)];
  if (stage.world.hasRedis) ends.push(outage(stage, 'redis', nodes));
  for (const node of nodes)
    stage.world.setFaults(node, {
      slowest: stage.world.scheduler.between(500, 1_100),
      slowOnceIn: some(stage, [1, 2, 20]),
    });
  return () => {
    for (const node of nodes) stage.world.mend(node);
    for (const end of ends) end();
  };
};

const readOnly: Fault = (stage) => {
  const end = outage(stage, 'writes', null);
  stage.world.sql.isReadOnly = true;
  return () => {
    stage.world.sql.isReadOnly = false;
    end();
  };
};

/** Revocations that are asked for while the nodes find out what happened. */
const AFTER_TAKE_OVER = { count: 15, within: 600 };

const pause: Fault = (stage) => {
  const { world } = stage;
  const node = some(stage, world.nodes);
  const ends = [outage(stage, 'process', [node]), outage(stage, 'writes', null)];
  const { process } = node;
  process.isPaused = true;
  world.note(`${process.name} is paused`);
  return () => {
    world.resume(process);
    for (const end of ends) end();
  };
};

/** @param oldest milliseconds of transactions that are lost, at most */
function takeOver(oldest: number): Fault {
  return (stage) => {
    const { world } = stage;
    const { scheduler, auditor } = world;
    const ends = [outage(stage, 'database', null)];
    if (scheduler.random.once(2)) ends.push(pause(stage));
    world.breakSql();
    const { since, lost } = world.sql.takeOver(scheduler.between(0, scheduler.random.once(2) ? oldest : oldest / 10));
    world.note(`another database server takes over, without ${lost} transactions since ${since.toFixed(1)}`);
    world.sql.owner.wallOffset += scheduler.between(-3_000, 3_000);
    auditor.lost(since, world.now);
    const id = auditor.outageBegins({ kind: 'lost history', since }, world.now);
    stage.restored.push(() => auditor.outageEnds(id, world.now));
    stage.workload.lost(since);
    stage.knowledge.review();
    for (let i = 0; i < AFTER_TAKE_OVER.count; i += 1) {
      const after = scheduler.between(0, AFTER_TAKE_OVER.within);
      scheduler.add(world.clients, 'client', after, () => stage.workload.revokeSome());
    }
    return () => {
      for (const end of ends) end();
    };
  };
}

/** A backup is restored while no node runs. */
const restoreAlone: Fault = (stage) => {
  const { world } = stage;
  for (const node of world.nodes) world.kill(node, world.scheduler.between(1_500, 4_000));
  return takeOver(60_000)(stage);
};

const refuseWritesToRedis: Fault = (stage) => {
  const end = outage(stage, 'redis', null);
  const { world } = stage;
  world.redis.refusal = some(stage, [
    'READONLY You cannot write against a read only replica.',
    'OOM command not allowed',
  ]);
  return () => {
    world.redis.refusal = null;
    end();
  };
};

/** Redis loses all or its last writes. @param lose what happens */
function loseRedis(lose: (stage: Stage) => void): Fault {
  return (stage) => {
    const { world } = stage;
    const end = outage(stage, 'redis', null);
    lose(stage);
    world.note('Redis has lost what it had');
    if (world.scheduler.random.once(2)) world.redis.owner.wallOffset += world.scheduler.between(-20_000, 20_000);
    if (world.scheduler.random.once(3)) for (const one of stage.onRedis) one.world.breakRedis();
    for (const { knowledge } of stage.onRedis) knowledge.review();
    return end;
  };
}

const kill: Fault = (stage) => {
  const { world } = stage;
  const end = outage(stage, 'writes', null);
  world.kill(some(stage, world.nodes), world.scheduler.between(200, 8_000));
  return end;
};

const killAll: Fault = (stage) => {
  const { world } = stage;
  const end = outage(stage, 'writes', null);
  for (const node of world.nodes) world.kill(node, world.scheduler.between(200, 8_000));
  return end;
};

const wallClock: Fault = (stage) => {
  const { scheduler, nodes, redis } = stage.world;
  for (const owner of [some(stage, nodes).process, redis.owner]) {
    owner.wallOffset = scheduler.random.once(3) ? 0 : scheduler.between(-7_200_000, 7_200_000);
  }
  return () => {};
};

const FAULTS: Readonly<Record<string, Fault>> = {
  none: () => () => {},
  'slow network': slow,
  'very slow network': verySlow,
  'database refused': ways('sql', 'refused'),
  'database silent': ways('sql', 'silent'),
  'database hangs': hang('sql'),
  'database connections break': losses('sql'),
  'database only reads': readOnly,
  'database failover': takeOver(3_000),
  'database restored': takeOver(60_000),
  'database restored while no node runs': restoreAlone,
  'Redis refused': ways('redis', 'refused'),
  'Redis silent': ways('redis', 'silent'),
  'Redis hangs': hang('redis'),
  'Redis connections break': losses('redis'),
  'Redis refuses writes': refuseWritesToRedis,
  'Redis empty': loseRedis(({ world }) => world.redis.empty()),
  'Redis failover': loseRedis(({ world }) => world.redis.takeOver()),
  'node paused': pause,
  'node dies': kill,
  'all nodes die': killAll,
  'wall clocks': wallClock,
};

/** Those that lose something, and those without which little is lost for good, happen more often. */
const OFTEN = ['database failover', 'database failover', 'database restored', 'Redis refused', 'Redis empty'];

export function faultCalled(name: string): Fault {
  return FAULTS[name] ?? (() => () => {});
}

/** The names of faults to choose from. */
export function possibleFaults(hasRedis: boolean): readonly string[] {
  return [...Object.keys(FAULTS), ...OFTEN].filter((name) => hasRedis || !name.startsWith('Redis'));
}
