import { turnTime } from '../domain/turn-time.ts';

/**
 * A deadline that is set anew for each step of an exchange. It keeps one timer for many settings: setting a timer for each
 * request would cost a twentieth of the request.
 */
export class Deadline {
  readonly #onOverdue: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** `performance.now()` at which the timer fires. */
  #firesAt = 0;
  /** `performance.now()` of the deadline; 0: none is set. */
  #at = 0;

  constructor(onOverdue: () => void) {
    this.#onOverdue = onOverdue;
  }

  /** @param ms from now on */
  set(ms: number): void {
    const now = turnTime();
    this.#at = now + ms;
    if (this.#timer === undefined || this.#firesAt > this.#at) this.#start(now, ms);
  }

  clear(): void {
    this.#at = 0;
  }

  /** Milliseconds until the deadline; 0: none is set, or it is over. */
  get left(): number {
    return this.#at === 0 ? 0 : Math.max(0, this.#at - performance.now());
  }

  /** Clears the deadline, and frees the timer. */
  close(): void {
    this.#at = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #start(now: number, ms: number): void {
    clearTimeout(this.#timer);
    this.#firesAt = now + ms;
    this.#timer = setTimeout(fire, Math.max(1, ms), this).unref();
  }

  fired(): void {
    this.#timer = undefined;
    if (this.#at === 0) return;
    const now = performance.now();
    if (now < this.#at) {
      this.#start(now, this.#at - now);
      return;
    }
    this.#at = 0;
    this.#onOverdue();
  }
}

function fire(deadline: Deadline): void {
  deadline.fired();
}
