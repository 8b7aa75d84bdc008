import type { Auditor } from '../audit/auditor.ts';
import { type Process, startProcess } from './process.ts';
import type { RedisServer } from './redis/server.ts';
import { SqlServer } from './sql/server.ts';
import type { Owner } from './time/pending.ts';
import type { Scheduler } from './time/scheduler.ts';

/** What is wrong with the ways of a node to the stores, also for its next process. */
export interface NodeFaults {
  sql: 'up' | 'refused' | 'silent';
  redis: 'up' | 'refused' | 'silent';
  sqlLoss: number;
  redisLoss: number;
  slowest: number;
  slowOnceIn: number;
}

const FAULTLESS: NodeFaults = { sql: 'up', redis: 'up', sqlLoss: 0, redisLoss: 0, slowest: 3, slowOnceIn: 20 };

interface Node {
  readonly name: string;
  /** Nodes of one gateway announce revocations to each other. */
  readonly gateway: string;
  process: Process;
  faults: NodeFaults;
  /** The outage from the end of its last process until the next one is ready. */
  startOutage: number | null;
}

/** Milliseconds. */
const RETRY_START = 1_500;
const ANNOUNCEMENT = 3;
const LINES = 1_500;

/** The nodes of one installation, and their stores. Redis may be that of another installation too. */
export class World {
  readonly scheduler: Scheduler;
  readonly auditor: Auditor;
  readonly sql: SqlServer;
  readonly redis: RedisServer;
  readonly hasRedis: boolean;
  readonly nodes: Node[] = [];
  /** Called when a process has died, before anything else happens. */
  onDeath: (process: Process) => void = () => {};
  /** Outside of all nodes. */
  readonly clients: Owner = { name: 'clients', isDead: false, isPaused: false, wallOffset: 0 };
  /** The last lines of what happened. */
  readonly lines: string[] = [];

  #started = 0;

  /** @param redis the server, and whether the gateways are configured with it */
  constructor(
    scheduler: Scheduler,
    auditor: Auditor,
    image: Buffer,
    redis: { readonly server: RedisServer; readonly isUsed: boolean },
  ) {
    this.scheduler = scheduler;
    this.auditor = auditor;
    this.sql = new SqlServer(scheduler, 'database', image);
    this.redis = redis.server;
    this.hasRedis = redis.isUsed;
  }

  get now(): number {
    return this.scheduler.now;
  }

  note(line: string): void {
    this.lines.push(`${this.now.toFixed(1).padStart(10)} ${line}`);
    if (this.lines.length > LINES) this.lines.shift();
  }

  addNode(name: string, gateway: string): Node {
    const node: Node = {
      name,
      gateway,
      process: this.#start(name, gateway),
      faults: FAULTLESS,
      startOutage: null,
    };
    node.startOutage = this.auditor.outageBegins({ kind: 'process', node: name }, this.now);
    this.nodes.push(node);
    return node;
  }

  /** The processes that answer requests, also those that are paused. */
  ready(): Process[] {
    return this.nodes.flatMap(({ process }) => (process.isDead || process.service === null ? [] : [process]));
  }

  kill(node: Node, restartAfter: number): void {
    const { process } = node;
    if (process.isDead) return;
    this.note(`${process.name} dies`);
    process.isDead = true;
    for (const link of [process.sql, process.redis]) link.endAll();
    node.startOutage ??= this.auditor.outageBegins({ kind: 'process', node: node.name }, this.now);
    this.onDeath(process);
    this.#restart(node, restartAfter);
  }

  setFaults(node: Node, faults: Partial<NodeFaults>): void {
    node.faults = { ...node.faults, ...faults };
    this.#apply(node);
  }

  mend(node: Node): void {
    node.faults = FAULTLESS;
    this.#apply(node);
  }

  /** Every connection to the database breaks, as when the server dies. */
  breakSql(): void {
    this.sql.breakSessions();
    for (const { process } of this.nodes) if (!process.isDead) process.sql.breakAll();
  }

  breakRedis(): void {
    for (const { process } of this.nodes) if (!process.isDead) process.redis.breakAll();
  }

  /** What was held back while it was paused happens now. */
  resume(owner: Owner): void {
    this.scheduler.resume(owner);
  }

  close(): void {
    this.sql.close();
  }

  #apply({ process, faults }: Node): void {
    if (process.isDead) return;
    for (const [link, state, lossOnceIn] of [
      [process.sql, faults.sql, faults.sqlLoss],
      [process.redis, faults.redis, faults.redisLoss],
    ] as const) {
      link.mend();
      Object.assign(link, { state, lossOnceIn, slowest: faults.slowest, slowOnceIn: faults.slowOnceIn });
      if (state === 'refused') link.breakAll();
    }
  }

  #start(name: string, gateway: string): Process {
    this.#started += 1;
    return startProcess(
      this.scheduler,
      { node: name, number: this.#started },
      { sql: this.sql, redis: this.redis, hasRedis: this.hasRedis },
      {
        announce: (from) => {
          for (const { process } of this.nodes.filter((one) => one.gateway === gateway && one.process !== from)) {
            this.scheduler.add(process, 'announcement', this.scheduler.between(0.1, ANNOUNCEMENT), () =>
              process.service?.revocations.readRevocations(),
            );
          }
        },
        onReady: () => {
          const node = this.nodes.find((one) => one.name === name);
          if (node?.startOutage != null) this.auditor.outageEnds(node.startOutage, this.now);
          if (node !== undefined) node.startOutage = null;
          this.note(`${name} is ready`);
        },
        onFailed: (process) => {
          const node = this.nodes.find((one) => one.process === process);
          if (node !== undefined) this.kill(node, RETRY_START);
        },
        onLine: (process, line) => this.note(`${process}: ${line}`),
      },
    );
  }

  #restart(node: Node, after: number): void {
    this.scheduler.add(this.clients, 'start', after, () => {
      node.process = this.#start(node.name, node.gateway);
      this.#apply(node);
    });
  }
}

export type { Node };
