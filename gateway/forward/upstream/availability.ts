import type { Logger } from '../../ops/log.ts';
import type { UpstreamSettings } from '../../settings/schema/settings.ts';

/** Whether a server gets requests, by the outcomes of earlier requests and by its health checks. */
export interface Availability {
  /** @param outstanding number of unanswered requests */
  isOpen(outstanding: number): boolean;
  /** The server gets the next request. */
  chosen(): void;
  /** The server answered a request, with any status. */
  succeeded(): void;
  /** The server refused, cut the connection, missed a deadline, or answered something other than HTTP. */
  failed(cause: string): void;
  /** Reports the result of a health check. */
  setWell(isWell: boolean, cause: string): void;
}

/** Learns what becomes of a server. */
export interface AvailabilityWatcher {
  /** A pause begins. */
  ejected(): void;
  /** @param isUp whether the server is neither ejected nor unhealthy */
  changed(isUp: boolean): void;
}

/** Consecutive failed health checks after which a server gets no more requests. */
const CHECKS_TO_FAIL = 2;

/**
 * After `failures` consecutive failures a server is ejected for a pause, then tried with one request at a time. A failure
 * then means a pause twice as long; a success ends the ejection.
 *
 * Requests from before the pause that are still open, such as streams, do not keep a server from being tried.
 *
 * @param about the fields of the server for the log
 * @param watcher is told of each change
 */
export function createAvailability(
  { failures: limit, pause, maxPause }: UpstreamSettings['eject'],
  about: { readonly upstream: string; readonly group: string },
  log: Logger,
  watcher: AvailabilityWatcher,
): Availability {
  let failures = 0;
  let pauses = 0;
  let ejectedUntil = 0;
  let triedUntil = 0;
  let failedChecks = 0;
  let isWell = true;

  const report = () => watcher.changed(isWell && pauses === 0);
  const eject = (cause: string) => {
    const milliseconds = Math.min(maxPause, pause * 2 ** Math.min(pauses, 30));
    ejectedUntil = performance.now() + milliseconds;
    triedUntil = ejectedUntil;
    if (pauses === 0) log.warn({ ...about, fault: 'upstream', cause, pause: milliseconds }, 'upstream is ejected');
    pauses += 1;
    watcher.ejected();
    report();
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
      report();
      log.info(about, 'upstream is back');
    },
    failed(cause) {
      failures += 1;
      // This request began before the pause: its failure does not prolong the pause.
      if (performance.now() < ejectedUntil) return;
      if (pauses > 0 || failures >= limit) eject(cause);
    },
    setWell(answeredWell, cause) {
      failedChecks = answeredWell ? 0 : failedChecks + 1;
      if (isWell && failedChecks === CHECKS_TO_FAIL) {
        isWell = false;
        report();
        log.warn({ ...about, fault: 'upstream', cause }, 'upstream fails its health checks');
      } else if (!isWell && answeredWell) {
        isWell = true;
        report();
        log.info(about, 'upstream passes its health checks');
      }
    },
  };
}
