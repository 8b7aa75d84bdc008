import type { KnownAccount, KnownCredential } from './acts.ts';
import type { World } from './world.ts';

/** Milliseconds for which the clients go on with a credential that has ended, at least and at most. */
const LATER_USES = [20_000, 120_000] as const;
/** Milliseconds after its end within which most uses of an ended credential are. */
const JUST_ENDED = 3_500;
const MOST_LIVE = 6;

/** The tokens and sessions that the clients have. Some have ended without the clients knowing. */
export class Credentials {
  readonly #world: World;
  #all: KnownCredential[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  add(credential: KnownCredential): void {
    this.#all.push(credential);
    const { now, scheduler } = this.#world;
    this.retire(({ endedAt }) => endedAt !== null && now - endedAt > scheduler.between(...LATER_USES));
  }

  /** Those are not used any more. */
  retire(isDone: (credential: KnownCredential) => boolean): void {
    this.#all = this.#all.filter((one) => {
      if (!isDone(one)) return true;
      this.#world.auditor.retires(one.name);
      return false;
    });
  }

  of(account: KnownAccount): KnownCredential[] {
    return this.#all.filter((one) => one.account === account);
  }

  isFull(account: KnownAccount, isSession: boolean): boolean {
    const live = this.of(account).filter((one) => one.isSession === isSession && one.endedAt === null);
    return live.length >= MOST_LIVE;
  }

  /** Mostly one that stands, or has just ended. */
  toUse(): KnownCredential | null {
    const { now, scheduler } = this.#world;
    const roll = scheduler.random.below(10);
    if (roll < 7) return this.#some(({ endedAt }) => endedAt === null);
    if (roll < 9) return this.#some(({ endedAt }) => endedAt !== null && now - endedAt < JUST_ENDED);
    return this.#some(() => true);
  }

  /** Mostly a token that stands. */
  toRevoke(): KnownCredential | null {
    const isAny = this.#world.scheduler.random.once(8);
    return this.#some(({ isSession, endedAt }) => !isSession && (isAny || endedAt === null));
  }

  #some(isMeant: (credential: KnownCredential) => boolean): KnownCredential | null {
    const meant = this.#all.filter(isMeant);
    return meant[this.#world.scheduler.random.below(Math.max(1, meant.length))] ?? null;
  }
}
