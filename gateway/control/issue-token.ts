import { randomUUID } from 'node:crypto';
import type { Account } from '../domain/account.ts';
import { digestForTokens } from '../domain/account.ts';
import { GatewayError } from '../domain/errors.ts';
import type { ReadCutoff, TokenRestrictions } from '../domain/identity.ts';
import type { TokenSigner } from '../signing/token.ts';
import type { TokenRecord } from '../stores/tokens/store.ts';

export interface TokenIssueDeps {
  /** The database's time in ms since 1970, which all nodes share. */
  now(): number;
  readonly sign: TokenSigner['sign'];
  /** The id of the secret that `sign` uses. */
  readonly keyId: string;
  record(token: TokenRecord): Promise<void>;
  readonly readCutoff: ReadCutoff;
  /** The number of the account's live tokens, counting up to `most`. */
  countLive(account: Account, most: number): Promise<number>;
  /** The maximum number of live tokens of an account. */
  readonly maxPerAccount: number;
}

/** What the owner of an account asks for. */
export interface TokenWish extends TokenRestrictions {
  readonly name: string | null;
  /** Seconds. */
  readonly lifetime: number;
}

/**
 * @param wish allowed for this account
 * @throws GatewayError 409 when the account has the maximum number of live tokens; 429 when too many requests are waiting;
 *   503 when the database is unavailable
 */
export type IssueToken = (
  account: Account,
  wish: TokenWish,
) => Promise<{ readonly jti: string; readonly token: string }>;

/** The maximum number of waiting requests for tokens of one account. */
const MOST_WAITING = 100;
/** The maximum wait of such a request in milliseconds. */
const PATIENCE = 3_000;

/**
 * Issues tokens. Each is recorded before the client gets it.
 *
 * The tokens of one account are issued one after another, each after a count, so that one process never exceeds the limit.
 * Other processes may count at the same moment: the account may get one more token for each further process.
 */
export function tokenIssue(deps: TokenIssueDeps): IssueToken {
  const { maxPerAccount } = deps;
  const inTurn = turnsByAccount();

  return (account, { name, lifetime, scope, addresses }) =>
    inTurn(account.id, async () => {
      const jti = randomUUID();
      // A cutoff lies at the end of its second, and must not revoke a token issued after it.
      const issuedAt = Math.floor(Math.max(await deps.readCutoff(account.id), deps.now()) / 1000);
      if ((await deps.countLive(account, maxPerAccount)) >= maxPerAccount) throw tooManyTokens(maxPerAccount);
      const times = { issuedAt: issuedAt * 1000, expiresAt: (issuedAt + lifetime) * 1000 };
      const bond = { boundTo: digestForTokens(account.stamp), keyId: deps.keyId };
      // Recorded first: every token must be listed and revocable.
      await deps.record({ jti, accountId: account.id, name, ...times, bond, scope, addresses });
      return { jti, token: deps.sign(account, { jti, issuedAt, lifetime, scope, addresses }) };
    });
}

function tooManyTokens(most: number): GatewayError {
  const tokens = most === 1 ? '1 live token' : `${most} live tokens`;
  return new GatewayError('too_many_tokens', `the account has ${tokens}`, {
    publicMessage: `The account has ${tokens}, which is the most: revoke some, or wait until they expire`,
  });
}

/**
 * Runs the tasks of one account one after another. A task that has waited too long fails as the one before it if a store was
 * unavailable: the client has not asked too often.
 */
function turnsByAccount() {
  const queues = new Map<string, { waiting: number; last: Promise<GatewayError | null> }>();

  return async <T>(accountId: string, task: () => Promise<T>): Promise<T> => {
    const queue = queues.get(accountId) ?? { waiting: 0, last: Promise.resolve(null) };
    if (queue.waiting >= MOST_WAITING) throw busy('too many tokens of the account are asked for at once');
    queues.set(accountId, queue);
    queue.waiting += 1;
    const since = performance.now();
    const done = queue.last.then((outage) => {
      if (performance.now() - since > PATIENCE) throw outage ?? busy('the tokens asked for before took too long');
      return task();
    });
    queue.last = done.then(() => null, outageIn);
    try {
      return await done;
    } finally {
      queue.waiting -= 1;
      if (queue.waiting === 0) queues.delete(accountId);
    }
  };
}

/** @returns the error if it says that a store is unavailable */
function outageIn(error: unknown): GatewayError | null {
  return error instanceof GatewayError && error.code === 'service_unavailable' ? error : null;
}

function busy(detail: string): GatewayError {
  return new GatewayError('too_many_requests', detail, {
    publicMessage: 'Too many tokens are asked for at once',
    headers: { 'Retry-After': '1' },
  });
}

const LONGEST_NAME = 100;
const UNPRINTABLE = /\p{Cc}|\p{Cs}/u;

/** The rule of `isTokenName` in words. */
export const TOKEN_NAME_RULE = `must be text of at most ${LONGEST_NAME} characters without control characters`;

export function isTokenName(name: string): boolean {
  return name.length <= LONGEST_NAME && !UNPRINTABLE.test(name);
}
