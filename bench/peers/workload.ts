import { PATH } from '../harness/upstream.ts';

/** What all servers of a comparison are sent. */
export interface Workload {
  readonly path: string;
  /** JSON that is sent by POST; null: a GET. */
  readonly body: string | null;
  /** Bytes of the right answer's body. */
  readonly answerLength: number;
}

/** A GET that is answered with 130 bytes, without authentication or with it. */
export const SMALL: Workload = { path: PATH, body: null, answerLength: 130 };

/** For wrk. @returns Lua */
export function scriptOf({ body }: Pick<Workload, 'body'>): string {
  if (body === null) return '';
  // An escape of JSON is one of Lua's as long as there is no `\u`.
  return `wrk.method = 'POST'; wrk.body = ${JSON.stringify(body)}; wrk.headers['Content-Type'] = 'application/json'`;
}
