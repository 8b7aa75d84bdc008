import type { Duplex } from 'node:stream';
import type { Account } from '../domain/account.ts';
import { GatewayError } from '../domain/errors.ts';
import type { Ended, Identity } from '../domain/identity.ts';
import type { MaybePromise } from '../domain/maybe-promise.ts';
import type { Standing } from '../identify/standing.ts';

/** An exchange that may last: an answer that streams, an upload, a WebSocket. */
export interface OpenExchange {
  /** Who it belongs to; null where nobody had to say so. */
  readonly identity: Identity | null;
  /** Whether it has come to its end. */
  readonly isOver: boolean;
  /** Ends it, where it is one that lasts: its credentials are void. */
  end(reason: Ended): void;
  /** The gateway shuts down: ends it, where it has no end of its own. */
  goAway(): void;
}

export interface OpenExchanges {
  /** What goes on over a client's connection now, in place of what did before. */
  begin(connection: Duplex, exchange: OpenExchange): void;
  /** The gateway shuts down: tells each of them. */
  goAway(): void;
  close(): void;
}

/** Milliseconds between two looks: what was revoked or expired ends within this. */
const LOOK = 1_000;
/** Accounts asked for at the same time: however many there are, requests find the database free. */
const AT_ONCE = 4;

/**
 * Ends what goes on under credentials with which a new request would be refused by now.
 *
 * Each account is asked for once at each look, however much it has open. A store that is out ends nothing: it says nothing
 * of the credentials.
 *
 * @param findAccount the account as it is now, or was seconds ago; rejects when the store is out
 */
export function watchOpenExchanges(
  standing: Pick<Standing, 'ofIdentity' | 'withoutAccount'>,
  findAccount: (id: string) => MaybePromise<Account | null>,
): OpenExchanges {
  // By connections, which last: to enter each exchange and to strike it out again cost a fifth of a whole request.
  const open = new Map<Duplex, OpenExchange | null>();
  let isAsking = false;

  /** Ends what is void already, and returns the rest by its accounts. */
  const look = (): Map<string, Owned[]> => {
    const byAccount = new Map<string, Owned[]>();
    for (const [connection, exchange] of open) {
      if (exchange === null) continue;
      const { identity } = exchange;
      if (exchange.isOver) open.set(connection, null);
      else if (identity !== null) {
        const reason = standing.withoutAccount(identity);
        if (reason !== null) exchange.end(reason);
        else entryOf(byAccount, identity.account.id).push({ exchange, identity });
      }
    }
    return byAccount;
  };

  const askAccounts = async (left: MapIterator<[string, Owned[]]>): Promise<void> => {
    for (const [id, owned] of left) {
      const found = findAccount(id);
      const account = found instanceof Promise ? await found : found;
      for (const { exchange, identity } of owned) {
        const reason = exchange.isOver ? null : standing.ofIdentity(identity, account);
        if (reason !== null) exchange.end(reason);
      }
    }
  };

  const timer = setInterval(() => {
    const left = look().entries();
    if (isAsking) return;
    isAsking = true;
    const done = () => {
      isAsking = false;
    };
    // Where the store is out, each gives up at its first question, and the next look begins anew.
    void Promise.allSettled(Array.from({ length: AT_ONCE }, () => askAccounts(left))).then(done);
  }, LOOK).unref();
  return {
    begin(connection, exchange) {
      if (connection.closed) return;
      if (!open.has(connection)) connection.once('close', () => open.delete(connection));
      open.set(connection, exchange);
    },
    goAway() {
      for (const exchange of open.values()) if (exchange?.isOver === false) exchange.goAway();
    },
    close: () => clearInterval(timer),
  };
}

/** An exchange that somebody had to prove their identity for. */
interface Owned {
  readonly exchange: OpenExchange;
  readonly identity: Identity;
}

function entryOf(byAccount: Map<string, Owned[]>, id: string): Owned[] {
  const entry = byAccount.get(id) ?? [];
  if (entry.length === 0) byAccount.set(id, entry);
  return entry;
}

/** The log's word for an exchange that was ended because its credentials became void under it. */
export function voidMeanwhile(reason: Ended): GatewayError {
  return new GatewayError('unauthorized', `the credentials became void meanwhile: ${reason}`);
}
