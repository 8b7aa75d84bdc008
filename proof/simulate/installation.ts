import { createAuditor } from '../audit/auditor.ts';
import { Clients } from './clients.ts';
import type { FirstContent } from './image-of-gateway.ts';
import { Knowledge } from './knowledge.ts';
import { type DenylistWatch, watchDenylist } from './recovery.ts';
import type { RedisServer } from './redis/server.ts';
import type { Scheduler } from './time/scheduler.ts';
import { Workload } from './workload.ts';
import { World } from './world.ts';

/** Gateways with a database of their own, the clients that use them, and the auditor that judges them. */
export interface Installation {
  readonly world: World;
  readonly workload: Workload;
  readonly knowledge: Knowledge;
  readonly denylist: DenylistWatch;
  /** Something was lost: each is called at the end of the next quiet time, when it is restored. */
  restored: (() => void)[];
}

/** Milliseconds. */
const BETWEEN_REQUESTS = [1, 60] as const;

/** @param nodes their names; those that begin with the same letter belong to one gateway */
export function openInstallation(
  scheduler: Scheduler,
  nodes: readonly string[],
  first: FirstContent,
  redis: { readonly server: RedisServer; readonly isUsed: boolean },
): Installation {
  const world = new World(scheduler, createAuditor(), first.bytes, redis);
  const clients = new Clients(world);
  const knowledge = new Knowledge(world);
  const workload = new Workload(world, clients, knowledge, first.accounts);
  const denylist = watchDenylist(world);
  clients.onUnknown = denylist.mayBeUnwritten;
  world.onDeath = (process) => {
    denylist.mayBeUnwritten();
    clients.abandon(process);
    knowledge.review();
  };
  for (const name of nodes) world.addNode(name, name.slice(0, 1));
  const request = () => {
    workload.act();
    scheduler.add(world.clients, 'client', scheduler.between(...BETWEEN_REQUESTS), request);
  };
  request();
  return { world, workload, knowledge, denylist, restored: [] };
}
