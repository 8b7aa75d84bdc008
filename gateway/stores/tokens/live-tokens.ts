import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Account } from '../../domain/account.ts';
import { digestForTokens } from '../../domain/account.ts';
import type { CutoffOf } from '../../domain/identity.ts';
import type { Acceptance, LiveToken, Section, TokenStore } from './store.ts';

/**
 * The live tokens of accounts: those with which a request would be authenticated. All methods throw GatewayError
 * `service_unavailable` when the store is unavailable.
 */
export interface LiveTokens {
  list(account: Account, section: Section): Promise<LiveToken[]>;
  /** Tokens whose name contains the text, case-insensitively. */
  search(account: Account, text: string, section: Section): Promise<LiveToken[]>;
  /** The number of live tokens, counting up to `most`. */
  count(account: Account, most: number): Promise<number>;
  /** @returns null when the account has no such token, or it is not live */
  find(account: Account, jti: string): Promise<LiveToken | null>;
}

export interface TokenRules {
  /** The ids of the secrets that verify tokens. */
  readonly keyIds: readonly string[];
  /** Milliseconds. */
  readonly maxLifetime: number;
  /** The time of the database, in ms since 1970. */
  now(): number;
  readonly cutoffOf: CutoffOf;
}

/** Records per page of a search; other requests run between two pages. */
const PAGE_SIZE = 1_000;

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
      // Compared here and not in SQL: databases fold case differently.
      const wanted = folded(text);
      const which = accepted(account);
      const found: LiveToken[] = [];
      let last = after;
      for (;;) {
        const page = await store.listLive(which, { order, after: last, limit: PAGE_SIZE });
        found.push(...page.filter(({ name }) => name !== null && folded(name).includes(wanted)));
        last = page.at(-1) ?? null;
        if (page.length < PAGE_SIZE || found.length >= limit) return found.slice(0, limit);
        await nextTurn();
      }
    },
  };
}

function folded(text: string): string {
  return text.normalize('NFC').toLowerCase();
}
