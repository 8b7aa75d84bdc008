import type { Logger } from '../../ops/log.ts';
import type { UpstreamSettings } from '../../settings/schema/settings.ts';

/** Whether a server is to get requests: what those before came to, and what its health checks say. */
export interface Availability {
  /** @param outstanding the requests that it has not answered */
  isOpen(outstanding: number): boolean;
  /** It gets the next request. */
  chosen(): void;
  /** It answered a request, with whatever status. */
  succeeded(): void;
  /** It refused, cut or let pass a deadline, or answered what is no HTTP. */
  failed(cause: string): void;
  /** What a health check says. */
  setWell(isWell: boolean, cause: string): void;
}

/** Health checks that must fail, one after the other, before a server gets no more requests. */
const CHECKS_TO_FAIL = 2;

/**
 * After so many failures in a row a server is ejected for a pause, then tried with one request at a time. A failure then
 * means a pause twice as long; a success ends it all.
 *
 * What is still under way from before the pause, such as a stream, does not keep a server from being tried.
 *
 * @param about what the log calls it by
 * @param onEjected is told of each pause
 */
export function createAvailability(
  { failures: limit, pause, maxPause }: UpstreamSettings['eject'],
  about: { readonly upstream: string; readonly group: string },
  log: Logger,
  onEjected: () => void,
): Availability {
  let failures = 0;
  let pauses = 0;
  let ejectedUntil = 0;
  let triedUntil = 0;
  let failedChecks = 0;
  let isWell = true;

  const eject = (cause: string) => {
    const milliseconds = Math.min(maxPause, pause * 2 ** Math.min(pauses, 30));
    ejectedUntil = performance.now() + milliseconds;
    triedUntil = ejectedUntil;
    if (pauses === 0) log.warn({ ...about, fault: 'upstream', cause, pause: milliseconds }, 'upstream is ejected');
    pauses += 1;
    onEjected();
  };

  return {
    isOpen(outstanding) {
      if (!isWell) return false;
      if (pauses === 0) return true;
      const now = performance.now();
      return now >= ejectedUntil && (outstanding === 0 || now >= triedUntil);
    },
    chosen() {
      if (pauses > 0) triedUntil = performance.now() + maxPause;
    },
    succeeded() {
      failures = 0;
      if (pauses === 0) return;
      pauses = 0;
      log.info(about, 'upstream is back');
    },
    failed(cause) {
      failures += 1;
      // What was under way when the pause began is no news.
      if (performance.now() < ejectedUntil) return;
      if (pauses > 0 || failures >= limit) eject(cause);
    },
    setWell(answeredWell, cause) {
      failedChecks = answeredWell ? 0 : failedChecks + 1;
      if (isWell && failedChecks === CHECKS_TO_FAIL) {
        isWell = false;
        log.warn({ ...about, fault: 'upstream', cause }, 'upstream fails its health checks');
      } else if (!isWell && answeredWell) {
        isWell = true;
        log.info(about, 'upstream passes its health checks');
      }
    },
  };
}
