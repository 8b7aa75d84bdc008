import { setTimeout as pause } from 'node:timers/promises';
import type { PrivateRedis } from '../../../test/lab/stores/redis-server.ts';
import type { Random } from '../../random.ts';
import type { SoakNode } from '../gateway/node.ts';
import type { Recorder } from '../samples.ts';
import type { Excuses } from './excuses.ts';

/** What befalls the gateways while they serve. */
export interface Troubles {
  /** Whether Redis answers. */
  readonly redisIsUp: boolean;
  /** Begins no more, and waits until all is well. */
  end(): Promise<void>;
}

interface Deps {
  readonly nodes: readonly SoakNode[];
  readonly redis: PrivateRedis;
  readonly excuses: Excuses;
  readonly random: Random;
  readonly recorder: Recorder;
  /** Milliseconds: what takes minutes in a long run takes less in a short one. */
  readonly minute: number;
}

/** Minutes between two of each. */
const RELOADS = { least: 3, more: 2 };
const KILLS = { least: 10, more: 10 };
const REDIS_OUTAGES = { least: 25, more: 10 };
/** Milliseconds. */
const REDIS_OUT_FOR = 15_000;
const KILL_SEEN_FOR = 15_000;
const REDIS_SEEN_FOR = 15_000;

export function startTroubles({ nodes, redis, excuses, random, recorder, minute }: Deps): Troubles {
  const stopping = new AbortController();
  const { signal } = stopping;
  let redisIsUp = true;
  const tell = (event: 'reload' | 'kill' | 'redis stops' | 'redis is back', detail: string) =>
    recorder.add({ kind: 'event', at: Date.now(), event, detail });

  const repeatedly = async ({ least, more }: typeof RELOADS, act: () => Promise<void>) => {
    for (;;) {
      const wait = (least + (random.below(1_000) / 1_000) * more) * minute;
      await pause(wait, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      await act();
    }
  };

  const reload = async () => {
    for (const node of nodes) await node.reload();
    tell('reload', nodes.map(({ name }) => name).join(', '));
  };

  /** The youngest worker, so that the oldest becomes as old as the run. */
  const killWorker = async () => {
    for (const node of nodes) {
      const victim = node.processes().findLast(({ role }) => role === 'worker');
      if (victim === undefined) continue;
      const isOver = excuses.begin('worker killed', node.name, KILL_SEEN_FOR);
      process.kill(victim.pid, 'SIGKILL');
      tell('kill', `worker ${victim.pid} of ${node.name}`);
      isOver();
    }
  };

  const outage = async () => {
    const [what, begin, end] = random.of<readonly [string, () => unknown, () => unknown]>([
      ['stops', redis.stop, redis.start],
      ['hangs', redis.pause, redis.continue],
      ['is killed, and comes back empty', redis.kill, redis.restartEmpty],
    ]);
    redisIsUp = false;
    const isOver = excuses.begin('redis out', 'all', REDIS_SEEN_FOR);
    tell('redis stops', what);
    await begin();
    await pause(Math.min(REDIS_OUT_FOR, minute / 4));
    await end();
    redisIsUp = true;
    isOver();
    tell('redis is back', what);
  };

  const all = [repeatedly(RELOADS, reload), repeatedly(KILLS, killWorker), repeatedly(REDIS_OUTAGES, outage)];
  return {
    get redisIsUp() {
      return redisIsUp;
    },
    async end() {
      stopping.abort();
      await Promise.all(all);
    },
  };
}
