import { within } from '../../stores/database/deadline.ts';
import type { Grant, Ledger } from '../../stores/limits/ledger.ts';
import type { FromWorker } from './messages.ts';

/** The ledger of limits in the primary, as a worker sees it. */
export interface PrimaryLedger extends Ledger {
  /** Takes an answer of the primary. */
  settled(id: number, grants: readonly Grant[]): void;
}

/** Milliseconds that a worker waits for the primary, which answers from memory. */
const LIMIT = 500;

/** @param tell sends a message to the primary */
export function primaryLedger(tell: (message: FromWorker) => void): PrimaryLedger {
  const asked = new Map<number, (grants: readonly Grant[]) => void>();
  let lastId = 0;
  return {
    async settle(reports) {
      lastId += 1;
      const id = lastId;
      const { promise, resolve } = Promise.withResolvers<readonly Grant[]>();
      asked.set(id, resolve);
      tell({ kind: 'settle-limits', id, reports });
      try {
        return await within(LIMIT, promise);
      } finally {
        asked.delete(id);
      }
    },
    settled(id, grants) {
      asked.get(id)?.(grants);
    },
  };
}
