import type { Account } from '../../domain/account.ts';
import type { LiveTokens } from '../../stores/tokens/live-tokens.ts';
import type { LiveToken, Section } from '../../stores/tokens/store.ts';
import { decodeCursor, encodeCursor } from '../pagination.ts';

/** One page of an owner's live tokens, newest first. */
export interface TokenListPage {
  readonly tokens: readonly LiveToken[];
  /** The search text; empty: no search. */
  readonly find: string;
  /** The number of all live tokens of the owner, counting up to `MOST_COUNTED`. */
  readonly count: number;
  /** The queries of the neighbouring pages; null: there is none. */
  readonly newer: string | null;
  readonly older: string | null;
}

type Query = Readonly<Record<string, string | string[] | undefined>>;

/** Tokens on a page: about two screens on a desktop. */
export const PAGE_SIZE = 20;
/** Bounds the cost of counting the tokens of an account that has very many. */
export const MOST_COUNTED = 10_000;
const LONGEST_FIND = 100;

/**
 * Reads the page for a query: `find`, and `older` or `newer` with a cursor. Without a cursor, it is the page of the newest
 * tokens.
 */
export async function readTokenList(live: LiveTokens, owner: Account, query: Query): Promise<TokenListPage> {
  const find = typeof query.find === 'string' ? query.find.trim().slice(0, LONGEST_FIND) : '';
  const read = (section: Section) => (find === '' ? live.list(owner, section) : live.search(owner, find, section));
  const [older, newer] = [decodeCursor(query.older), decodeCursor(query.newer)];
  const count = await live.count(owner, MOST_COUNTED);
  const shown = (tokens: readonly LiveToken[], isMore: { newer: boolean; older: boolean }): TokenListPage => {
    const [first, last] = [tokens[0], tokens.at(-1)];
    return {
      tokens,
      find,
      count,
      newer: isMore.newer && first !== undefined ? queryOf({ find, newer: encodeCursor(first) }) : null,
      older: isMore.older && last !== undefined ? queryOf({ find, older: encodeCursor(last) }) : null,
    };
  };

  if (newer !== null) {
    const above = await read({ order: 'oldest first', after: newer, limit: PAGE_SIZE + 1 });
    if (above.length >= PAGE_SIZE) {
      return shown(above.slice(0, PAGE_SIZE).reverse(), { newer: above.length > PAGE_SIZE, older: true });
    }
    // Less than a full page before the cursor: shows the first page in full.
  }
  const below = await read({ order: 'newest first', after: older, limit: PAGE_SIZE + 1 });
  return shown(below.slice(0, PAGE_SIZE), { newer: older !== null, older: below.length > PAGE_SIZE });
}

function queryOf(parts: Readonly<Record<string, string>>): string {
  return `?${new URLSearchParams(Object.entries(parts).filter(([, value]) => value !== ''))}`;
}
