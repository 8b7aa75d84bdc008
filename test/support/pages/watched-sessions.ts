import { storeUnavailable } from '../../../gateway/domain/errors.ts';
import type { SessionStore } from '../../../gateway/stores/sessions/session-store.ts';
import type { Scope } from '../../lab/scope.ts';
import { sharedSessions } from '../stores/session-stores.ts';
import { type PageAnswer, type SessionPages, sentBack, sessionPages } from './session-pages.ts';

/** The attributes after the path in a `Set-Cookie` that deletes a cookie, on http. */
export const GONE = 'expires=Thu, 01 Jan 1970 00:00:00 GMT; samesite=lax; httponly';

type Operation = keyof SessionStore;

export interface WatchedPages {
  readonly pages: SessionPages;
  /** The store itself, without recording and delays. */
  readonly store: SessionStore;
  /** The operations of the pages on the store. */
  readonly calls: Operation[];
  readonly outage: {
    /** The number of operations, of one kind or of all. */
    begin(only?: Operation): void;
    end(): void;
  };
  /** Delays the operations of this kind from now on. */
  gate(operation: Operation): { isReached(): boolean; open(): void };
}

/** Pages on an SQLite file, with a store that records and delays operations. */
export async function watchedPages(t: Scope, more: { origin?: string } = {}): Promise<WatchedPages> {
  const store = await (await sharedSessions(t, 'sqlite')).open();
  const calls: Operation[] = [];
  let isOut: (operation: Operation) => boolean = () => false;
  let held: { operation: Operation; reach: () => void; opened: Promise<void> } | null = null;
  const pass = async <T>(operation: Operation, go: () => Promise<T>): Promise<T> => {
    calls.push(operation);
    if (isOut(operation)) throw storeUnavailable('database', new Error('out'));
    if (held?.operation === operation) {
      held.reach();
      await held.opened;
    }
    return await go();
  };
  const watched: SessionStore = {
    read: (id) => pass('read', () => store.read(id)),
    write: (...args) => pass('write', () => store.write(...args)),
    renew: (...args) => pass('renew', () => store.renew(...args)),
    destroy: (id) => pass('destroy', () => store.destroy(id)),
  };
  return {
    pages: await sessionPages(t, { store: watched, ...more }),
    store,
    calls,
    outage: {
      begin(only?: Operation) {
        isOut = (operation) => only === undefined || operation === only;
      },
      end() {
        isOut = () => false;
      },
    },
    gate(operation: Operation) {
      const opened = Promise.withResolvers<void>();
      let isReached = false;
      const reach = () => {
        isReached = true;
      };
      held = { operation, reach, opened: opened.promise };
      return { isReached: () => isReached, open: opened.resolve };
    },
  };
}

/** @returns the value of `Cookie` after the login */
export async function logIn(pages: SessionPages, name: string, cookie?: string): Promise<string> {
  const answer = await pages.ask(
    'POST',
    `/in?name=${name}`,
    cookie === undefined ? {} : { headers: { Cookie: cookie } },
  );
  return sentBack(...sessionCookies(answer));
}

export async function who(pages: SessionPages, cookie: string): Promise<unknown> {
  return JSON.parse((await pages.ask('GET', '/', { headers: { Cookie: cookie } })).body);
}

export function sessionCookies({ cookies }: PageAnswer): string[] {
  return cookies.filter((cookie) => /^(__Host-)?gatehouse_session/.test(cookie));
}

export function idOf(cookie: string): string {
  return /gatehouse_session=([\w-]{43})/.exec(cookie)?.[1] ?? '';
}
