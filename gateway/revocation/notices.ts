import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '../ops/log.ts';
import type { Listen } from '../stores/database/listen.ts';
import { NOTICES } from './history.ts';

/** Wakes this process when another one has revoked something. */
export interface Notices {
  close(): void;
}

/** Milliseconds before a lost connection is replaced; doubled after each failure. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 30_000;

const POLLED = 'revocations of other nodes are read from the database twice a second, and not at once';

/**
 * Listens to the notices that PostgreSQL sends when a transaction that has revoked something is committed. A notice only says
 * that the database is worth reading: without it, revocations are read by polling. So nothing here waits for another part, and
 * no part waits for this one. Behind a pooler that delivers no notices, this gives up.
 *
 * @param onNotice receives the position of the newest revocation
 */
export function followNotices(listen: Listen, log: Logger, onNotice: (position: number) => void): Notices {
  const stopping = new AbortController();
  const { signal } = stopping;

  const follow = async () => {
    let failures = 0;
    const onListening = () => {
      if (failures > 1) log.info('revocations of other nodes arrive at once again');
      failures = 0;
    };
    while (!signal.aborted) {
      try {
        const outcome = await listen(
          NOTICES,
          { onListening, onNotice: (payload) => onNotice(Number(payload)) },
          signal,
        );
        if (outcome === 'pooled') {
          log.info({ cause: 'a pooler is in front of PostgreSQL' }, POLLED);
          return;
        }
      } catch (error) {
        failures++;
        // The first failure is often that of a server that restarts.
        if (failures === 2 && !signal.aborted) log.info({ cause: (error as Error).message }, POLLED);
      }
      const wait = Math.min(FIRST_PAUSE * 2 ** failures, LONGEST_PAUSE);
      await pause(wait, undefined, { signal, ref: false }).catch(() => {});
    }
  };
  void follow();

  return { close: () => stopping.abort() };
}
