import { serverProblem } from '../../settings/schema/addresses.ts';
import { parseDatabaseUrl } from '../../settings/schema/database-url.ts';
import { parseRedisUrl } from '../../settings/schema/redis-url.ts';

/** What a new configuration depends on. The URLs are valid, and may have passwords. */
export interface Answers {
  /** Where accounts and tokens are; with `adopt`, the accounts are in an application's table there. */
  readonly database: { readonly url: string; readonly accounts: 'own' | 'adopt' };
  /** null: none. */
  readonly redis: string | null;
  readonly upstream: string;
}

/** Relative to the working directory of the gateway. */
export const USUAL_DATABASE = 'sqlite:data/gatehouse.sqlite';
export const USUAL_UPSTREAM = 'http://127.0.0.1:9000';

/** Says what is wrong with a text, or null. It does not repeat the text, which may have a password. */
export type ProblemOf = (text: string) => string | null;

/** @param kind null: any */
export function databaseProblem(kind: 'mysql' | 'postgres' | null): ProblemOf {
  return (text) => {
    const location = parseDatabaseUrl(text);
    if (typeof location === 'string') return location;
    if (kind === null || location.kind === kind) return null;
    return `is the URL of another kind of database; must be like ${kind}://user:password@host/name`;
  };
}

export const redisProblem: ProblemOf = (text) => {
  const location = parseRedisUrl(text);
  return typeof location === 'string' ? location : null;
};

export const upstreamProblem: ProblemOf = serverProblem;
