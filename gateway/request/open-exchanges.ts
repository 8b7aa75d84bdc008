import type { Duplex } from 'node:stream';
import type { Requirement } from '../access/requirement.ts';
import type { Account } from '../domain/account.ts';
import { GatewayError } from '../domain/errors.ts';
import type { Ended, Identity } from '../domain/identity.ts';
import type { MaybePromise } from '../domain/maybe-promise.ts';
import type { Standing } from '../identify/standing.ts';

/** An exchange that may be long: a streaming answer, an upload, a WebSocket. */
export interface OpenExchange {
  /** The authenticated identity; null if none was required. */
  readonly identity: Identity | null;
  /** What its route requires of the identity; null: nothing. */
  readonly requires: Requirement | null;
  /** Whether the exchange has ended. */
  readonly isOver: boolean;
  /** Ends a long exchange, because a new request would be refused; a WebSocket with 1008 (`on-upgrade.ts`). */
  cutOff(reason: Ended): void;
  /** Shutdown: ends an exchange that would not end by itself. */
  goAway(): void;
}

export interface OpenExchanges {
  /** Registers the current exchange of a client's connection, in place of the previous one. */
  begin(connection: Duplex, exchange: OpenExchange): void;
  /** Shutdown: calls `goAway` of each open exchange. */
  goAway(): void;
  close(): void;
}

/** Milliseconds between checks: the longest time until a revoked or expired credential ends an exchange. */
const CHECK_INTERVAL = 1_000;
/** Concurrent account queries, so that requests still get database connections. */
const AT_ONCE = 4;

/**
 * Ends open exchanges whose credentials would be refused for a new request.
 *
 * Each check loads each account once, however many exchanges it has open. A failed store ends no exchange, since it says
 * nothing about the credentials.
 *
 * @param findAccount loads the account, possibly seconds old; rejects when the store is out
 */
export function watchOpenExchanges(
  standing: Pick<Standing, 'ofIdentity' | 'withoutAccount'>,
  findAccount: (id: string) => MaybePromise<Account | null>,
): OpenExchanges {
  // Keyed by connection: adding and deleting an entry per exchange would cost a fifth of a request.
  const open = new Map<Duplex, OpenExchange | null>();
  let isAsking = false;

  /** Ends exchanges that are void without a look at the account; groups the others by account id. */
  const check = (): Map<string, Owned[]> => {
    const byAccount = new Map<string, Owned[]>();
    for (const [connection, exchange] of open) {
      if (exchange === null) continue;
      const { identity } = exchange;
      if (exchange.isOver) open.set(connection, null);
      else if (identity !== null) {
        const reason = standing.withoutAccount(identity);
        if (reason !== null) exchange.cutOff(reason);
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
        const reason = exchange.isOver
          ? null
          : (standing.ofIdentity(identity, account) ?? lost(exchange, identity, account));
        if (reason !== null) exchange.cutOff(reason);
      }
    }
  };

  const timer = setInterval(() => {
    const left = check().entries();
    if (isAsking) return;
    isAsking = true;
    const done = () => {
      isAsking = false;
    };
    // When the store is out, each query loop stops at its first failure; the next check starts afresh.
    void Promise.allSettled(Array.from({ length: AT_ONCE }, () => askAccounts(left))).then(done);
  }, CHECK_INTERVAL).unref();
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

/** An authenticated exchange. */
interface Owned {
  readonly exchange: OpenExchange;
  readonly identity: Identity;
}

function entryOf(byAccount: Map<string, Owned[]>, id: string): Owned[] {
  const entry = byAccount.get(id) ?? [];
  if (entry.length === 0) byAccount.set(id, entry);
  return entry;
}

function lost({ requires }: OpenExchange, identity: Identity, account: Account | null): Ended | null {
  if (requires === null || account === null || requires.refusalOf(identity, account) === null) return null;
  return 'account lost what the route requires';
}

/** The failure logged for an exchange that ended because a new request would be refused. */
export function endedMeanwhile(reason: Ended): GatewayError {
  if (reason === 'account lost what the route requires') {
    return new GatewayError('forbidden', `the ${reason} meanwhile`, { publicMessage: 'Not allowed' });
  }
  return new GatewayError('unauthorized', `the credentials became void meanwhile: ${reason}`);
}
