import type { Logger } from '../../gateway/ops/log.ts';
import { createLink, type Link } from './network/link.ts';
import { routeToRedis } from './redis/client.ts';
import type { RedisServer } from './redis/server.ts';
import { openService, type Service } from './service.ts';
import { routeTo } from './sql/driver.ts';
import type { SqlServer } from './sql/server.ts';
import type { Owner } from './time/pending.ts';
import type { Scheduler } from './time/scheduler.ts';

/** A process of a gateway, from its start to its end. */
export interface Process extends Owner {
  /** The node, which starts again with another process. */
  readonly node: string;
  readonly sql: Link;
  readonly redis: Link;
  /** null: it has not read the revocations yet. */
  service: Service | null;
}

export interface Stores {
  readonly sql: SqlServer;
  readonly redis: RedisServer;
  /** Whether the gateways are configured with it. */
  readonly hasRedis: boolean;
}

/** Receives the lines of the log of a process. */
export type OnLine = (process: string, line: string) => void;

/**
 * @param number different for each process of a simulation
 * @param announce called when the process has revoked something
 * @param onReady called when it can answer requests @param onFailed when it could not start
 */
export function startProcess(
  scheduler: Scheduler,
  { node, number }: { node: string; number: number },
  stores: Stores,
  listener: {
    announce(from: Process): void;
    onReady(process: Process): void;
    onFailed(process: Process): void;
    onLine: OnLine;
  },
): Process {
  const owner: Owner = { name: `${node}#${number}`, isDead: false, isPaused: false, wallOffset: 0 };
  const [sql, redis] = [createLink(scheduler, owner), createLink(scheduler, owner)];
  const process: Process = Object.assign(owner, { node, sql, redis, service: null });
  const host = `${process.name}.simulated`;
  routeTo(host, { server: stores.sql, link: sql });
  routeToRedis(host, { server: stores.redis, link: redis });
  const log = logTo((line) => listener.onLine(process.name, line));
  scheduler.add(process, 'start', 1, () => {
    openService({ host, hasRedis: stores.hasRedis }, log, () => listener.announce(process)).then(
      (service) => {
        process.service = service;
        listener.onReady(process);
      },
      () => listener.onFailed(process),
    );
  });
  return process;
}

function logTo(onLine: (line: string) => void): Logger {
  const level =
    (name: string) =>
    (fields: unknown, message = '') =>
      onLine(`${name} ${message} ${JSON.stringify(fields)}`);
  const log = { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') };
  return log as unknown as Logger;
}
