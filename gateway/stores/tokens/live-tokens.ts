import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Account } from '../../domain/account.ts';
import { digestForTokens } from '../../domain/account.ts';
import type { CutoffOf } from '../../domain/identity.ts';
import type { Acceptance, LiveToken, Section, TokenStore } from './store.ts';

/**
 * The live tokens of accounts: those that a request with them would be let in by. All throw GatewayError
 * `service_unavailable` when the store is out.
 */
export interface LiveTokens {
  list(account: Account, section: Section): Promise<LiveToken[]>;
  /** Tokens whose name contains the text, case-insensitively. */
  search(account: Account, text: string, section: Section): Promise<LiveToken[]>;
  /** The number of live tokens, counting up to `most`. */
  count(account: Account, most: number): Promise<number>;
  /** @returns null where the account has no such token, or it is not live */
  find(account: Account, jti: string): Promise<LiveToken | null>;
}

export interface TokenRules {
  /** The names of the secrets that verify tokens. */
  readonly keyIds: readonly string[];
  /** Milliseconds. */
  readonly maxLifetime: number;
  /** The time of the database, in ms since 1970. */
  now(): number;
  readonly cutoffOf: CutoffOf;
}

/** Records per step of a search; other requests run between the steps. */
const PIECE = 1_000;

/** @param rules with the cutoff of this account, and the time of the database */
export function acceptanceOf(account: Account, rules: Omit<Acceptance, 'accountId' | 'boundTo'>): Acceptance {
  return { accountId: account.id, boundTo: digestForTokens(account.stamp), ...rules };
}

export function liveTokens(
  store: Pick<TokenStore, 'listLive' | 'countLive' | 'findLive'>,
  rules: TokenRules,
): LiveTokens {
  const { keyIds, maxLifetime } = rules;
  const accepted = (account: Account) =>
    acceptanceOf(account, { keyIds, maxLifetime, voidBefore: rules.cutoffOf(account.id), now: rules.now() });

  return {
    list: (account, section) => store.listLive(accepted(account), section),
    count: (account, most) => store.countLive(accepted(account), most),
    find: (account, jti) => store.findLive(accepted(account), jti),

    async search(account, text, { order, after, limit }) {
      // Not in SQL, where each database folds case differently.
      const wanted = folded(text);
      const which = accepted(account);
      const found: LiveToken[] = [];
      let last = after;
      for (;;) {
        const piece = await store.listLive(which, { order, after: last, limit: PIECE });
        found.push(...piece.filter(({ name }) => name !== null && folded(name).includes(wanted)));
        last = piece.at(-1) ?? null;
        if (piece.length < PIECE || found.length >= limit) return found.slice(0, limit);
        await nextTurn();
      }
    },
  };
}

function folded(text: string): string {
  return text.normalize('NFC').toLowerCase();
}
