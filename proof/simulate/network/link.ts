import type { Owner, Pending } from '../time/pending.ts';
import type { Scheduler } from '../time/scheduler.ts';

/** What becomes of a message: `lost before` and `lost after` break the connection before or after its effect. */
export type Fate = 'arrives' | 'lost before' | 'lost after';

/** The way of one process to one store, with its faults. */
export interface Link {
  /** `refused`: no new connection, and the present ones are gone. `silent`: what is sent arrives when it is over. */
  state: 'up' | 'refused' | 'silent';
  /** One in so many messages is lost before, and one after its effect; 0: none. */
  lossOnceIn: number;
  /** Milliseconds that a message takes at most. */
  slowest: number;
  /** One in so many messages takes up to that; the others are fast. */
  slowOnceIn: number;
  fate(): Fate;
  delay(): number;
  /** An event of the process. */
  later(ms: number, run: () => void): Pending;
  /** A connection is asked for: refused at the process, or an event of the store. */
  connects(onRefused: () => void, store: Owner, onConnected: () => void): void;
  /** A message to the store. Those of one sender arrive in the order in which they are sent. */
  sends(sender: object, store: Owner, kind: string, run: () => void): void;
  /** An answer to the process. */
  answers(run: () => void): void;
  /** A connection: `broken` is called when it breaks, `dead` when the process dies. */
  opened(connection: object, broken: () => void, dead: () => void): void;
  forget(connection: object): void;
  /** All connections are lost. */
  breakAll(): void;
  /** The process has died: the stores see that its connections end. */
  endAll(): void;
  /** The link is as it should be. */
  mend(): void;
}

const FASTEST = 0.1;
const USUAL = { slowest: 3, slowOnceIn: 20 };

export function createLink(scheduler: Scheduler, process: Owner): Link {
  const arrivals = new WeakMap<object, number>();
  const connections = new Map<object, { broken: () => void; dead: () => void }>();
  /** Messages under way while the link is silent. */
  let held: (() => void)[] = [];

  const link: Link = {
    state: 'up',
    lossOnceIn: 0,
    ...USUAL,
    fate() {
      if (link.lossOnceIn === 0 || !scheduler.random.once(link.lossOnceIn)) return 'arrives';
      return scheduler.random.once(2) ? 'lost before' : 'lost after';
    },
    delay: () => scheduler.between(FASTEST, scheduler.random.once(link.slowOnceIn) ? link.slowest : FASTEST * 5),
    later: (ms, run) => scheduler.add(process, 'client', ms, run),
    connects(onRefused, store, onConnected) {
      if (link.state === 'silent') return;
      if (link.state === 'refused') link.later(link.delay(), onRefused);
      else
        scheduler.add(store, 'connect', link.delay(), () => {
          if (link.state === 'up') onConnected();
        });
    },
    sends(sender, store, kind, run) {
      if (link.state === 'silent') {
        held.push(() => link.sends(sender, store, kind, run));
        return;
      }
      const at = Math.max(scheduler.now + link.delay(), (arrivals.get(sender) ?? 0) + 0.001);
      arrivals.set(sender, at);
      scheduler.add(store, kind, at - scheduler.now, run);
    },
    answers(run) {
      if (link.state === 'silent') held.push(() => link.answers(run));
      else link.later(link.delay(), run);
    },
    opened(connection, broken, dead) {
      connections.set(connection, { broken, dead });
    },
    forget(connection) {
      connections.delete(connection);
    },
    breakAll() {
      for (const { broken } of connections.values()) scheduler.add(process, 'break', link.delay(), broken);
      connections.clear();
    },
    endAll() {
      for (const { dead } of connections.values()) dead();
      connections.clear();
    },
    mend() {
      Object.assign(link, { state: 'up', lossOnceIn: 0, ...USUAL });
      const messages = held;
      held = [];
      for (const message of messages) message();
    },
  };
  return link;
}
