import type { Account } from '../../domain/account.ts';
import type { LiveTokens } from '../../stores/tokens/live-tokens.ts';
import type { LiveToken, Section } from '../../stores/tokens/store.ts';
import { decodeCursor, encodeCursor } from '../pagination.ts';

/** One page of an owner's live tokens, the newest first. */
export interface TokenListPage {
  readonly tokens: readonly LiveToken[];
  /** What was asked for by name; empty: nothing. */
  readonly find: string;
  /** How many the owner has, whatever was asked for; no more than `MOST_COUNTED` are counted. */
  readonly count: number;
  /** The queries that lead on; null: there is nothing further. */
  readonly newer: string | null;
  readonly older: string | null;
}

type Query = Readonly<Record<string, string | string[] | undefined>>;

/** Tokens on a page: some two screens of a desk. */
export const PAGE_SIZE = 20;
/** Counting what some program has made should cost no more than a page. */
export const MOST_COUNTED = 10_000;
const LONGEST_FIND = 100;

/**
 * Reads the page that the query of an address names: `find`, and `older` or `newer` with a cursor. A query that names none
 * is that of the newest.
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
    // Fewer than a page: it is the first one, which is shown in full.
  }
  const below = await read({ order: 'newest first', after: older, limit: PAGE_SIZE + 1 });
  return shown(below.slice(0, PAGE_SIZE), { newer: older !== null, older: below.length > PAGE_SIZE });
}

function queryOf(parts: Readonly<Record<string, string>>): string {
  return `?${new URLSearchParams(Object.entries(parts).filter(([, value]) => value !== ''))}`;
}
