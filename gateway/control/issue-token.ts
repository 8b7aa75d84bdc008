import { randomUUID } from 'node:crypto';
import type { Account } from '../domain/account.ts';
import { digestForTokens } from '../domain/account.ts';
import { GatewayError } from '../domain/errors.ts';
import type { ReadCutoff } from '../domain/identity.ts';
import type { TokenRecord } from '../stores/tokens/store.ts';

export interface TokenIssueDeps {
  /** The time that all nodes have in common, in ms since 1970. */
  now(): number;
  /** `issuedAt` and `lifetime` are in seconds. */
  sign(account: Account, token: { jti: string; issuedAt: number; lifetime: number }): string;
  /** The name of the secret that `sign` uses. */
  readonly keyId: string;
  record(token: TokenRecord): Promise<void>;
  readonly readCutoff: ReadCutoff;
  /** How many live tokens the account has; no more than `most` are counted. */
  countLive(account: Account, most: number): Promise<number>;
  /** How many live tokens an account may have. */
  readonly maxPerAccount: number;
}

/**
 * @param wish `lifetime` in seconds
 * @throws GatewayError 409 where the account has as many live tokens as it may; 429 where too many are asked for at once;
 *   503 when the database is out
 */
export type IssueToken = (
  account: Account,
  wish: { name: string | null; lifetime: number },
) => Promise<{ readonly jti: string; readonly token: string }>;

/** Requests for tokens of one account that may wait. */
const MOST_WAITING = 100;
/** Milliseconds that such a request may wait. */
const PATIENCE = 3_000;

/**
 * Makes tokens for accounts; each is recorded before anybody has it.
 *
 * The tokens of one account are made one after the other, each after a count: a process never exceeds the limit. Others
 * may count in the same moment, so that the account ends up with at most one more for each other process of the gateway.
 */
export function tokenIssue(deps: TokenIssueDeps): IssueToken {
  const { maxPerAccount } = deps;
  const inTurn = turnsByAccount();

  return (account, { name, lifetime }) =>
    inTurn(account.id, async () => {
      const jti = randomUUID();
      // A cutoff applies to the end of its second, and must not void a token issued after it.
      const issuedAt = Math.floor(Math.max(await deps.readCutoff(account.id), deps.now()) / 1000);
      if ((await deps.countLive(account, maxPerAccount)) >= maxPerAccount) throw tooManyTokens(maxPerAccount);
      const times = { issuedAt: issuedAt * 1000, expiresAt: (issuedAt + lifetime) * 1000 };
      const bond = { boundTo: digestForTokens(account.stamp), keyId: deps.keyId };
      // Recorded first: a token that cannot be listed or revoked must not exist.
      await deps.record({ jti, accountId: account.id, name, ...times, bond });
      return { jti, token: deps.sign(account, { jti, issuedAt, lifetime }) };
    });
}

function tooManyTokens(most: number): GatewayError {
  const tokens = most === 1 ? '1 live token' : `${most} live tokens`;
  return new GatewayError('too_many_tokens', `the account has ${tokens}`, {
    publicMessage: `The account has ${tokens}, which is the most: revoke some, or wait until they expire`,
  });
}

/** Does tasks of one account one after the other. */
function turnsByAccount() {
  const queues = new Map<string, { waiting: number; last: Promise<unknown> }>();

  return async <T>(accountId: string, task: () => Promise<T>): Promise<T> => {
    const queue = queues.get(accountId) ?? { waiting: 0, last: Promise.resolve() };
    if (queue.waiting >= MOST_WAITING) throw busy('too many tokens of the account are asked for at once');
    queues.set(accountId, queue);
    queue.waiting += 1;
    const since = performance.now();
    const done = queue.last.then(() => {
      if (performance.now() - since > PATIENCE) throw busy('the tokens asked for before took too long');
      return task();
    });
    queue.last = done.catch(() => {});
    try {
      return await done;
    } finally {
      queue.waiting -= 1;
      if (queue.waiting === 0) queues.delete(accountId);
    }
  };
}

function busy(detail: string): GatewayError {
  return new GatewayError('too_many_requests', detail, {
    publicMessage: 'Too many tokens are asked for at once',
    headers: { 'Retry-After': '1' },
  });
}

const LONGEST_NAME = 100;
const UNPRINTABLE = /\p{Cc}|\p{Cs}/u;

/** What `isTokenName` demands, in words. */
export const TOKEN_NAME_RULE = `must be text of at most ${LONGEST_NAME} characters without control characters`;

export function isTokenName(name: string): boolean {
  return name.length <= LONGEST_NAME && !UNPRINTABLE.test(name);
}
