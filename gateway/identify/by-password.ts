import type { Account } from '../domain/account.ts';
import { storeUnavailable } from '../domain/errors.ts';
import type { Outcome, Refusal } from '../domain/identity.ts';
import { andThen, type MaybePromise } from '../domain/maybe-promise.ts';
import type { Proof } from './proven-credentials.ts';
import type { Standing } from './standing.ts';

export interface PasswordDeps {
  /** Rejects when the store is unavailable. */
  findAccount(email: string): Promise<Account | null>;
  /** Whether the password matches the hash. Takes equally long for `null`. */
  checkPassword(hash: string | null, password: string): Promise<boolean>;
  /**
   * Counts one attempt of a client at an account.
   *
   * @returns a function that takes the attempt back
   * @throws GatewayError 429 when there have been too many
   */
  takeTry(client: string, email: string): Promise<() => Promise<void>>;
  /** Runs a check when it is the client's turn. Throws GatewayError 503 when too many are waiting. */
  inTurn<T>(client: string, check: () => Promise<T>): Promise<T>;
  /** Called after a correct password, to replace a weak hash. Not awaited. */
  onProven(account: Account, password: string): void;
}

type PasswordProof = Proof & { readonly by: 'password' };

/** An outcome, and the proof to cache; null unless the password was correct. */
export interface Checked {
  readonly outcome: Outcome;
  readonly proof: PasswordProof | null;
}

/** Checks an email and a password. An unknown account takes as long as a wrong password (account enumeration by timing). */
export function passwordIdentifier(deps: PasswordDeps) {
  /** Reads the account again after the hashing, during which it may have been changed or removed. */
  const prove = async (email: string, password: string): Promise<Checked> => {
    let account = await deps.findAccount(email);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const hash = account?.passwordHash ?? null;
      const isRight = await deps.checkPassword(hash, password);
      if (account === null) return refused('unknown account');
      if (hash === null || !isRight) return refused('wrong password');
      const present = await deps.findAccount(email);
      if (present !== null && present.id === account.id && present.passwordHash === hash) {
        const identity = { by: 'password', account: present } as const;
        return { outcome: { kind: 'found', identity }, proof: identity };
      }
      account = present;
    }
    throw storeUnavailable('database', new Error('the account changed during every check of its password'));
  };

  const check = async (email: string, password: string, client: string): Promise<Checked> => {
    const giveBack = await deps.takeTry(client, email);
    try {
      const checked = await prove(email, password);
      if (checked.proof !== null) {
        await giveBack();
        deps.onProven(checked.proof.account, password);
      }
      return checked;
    } catch (error) {
      // A store is unavailable, so the password was not checked.
      await giveBack();
      throw error;
    }
  };
  // The queue comes first: during a flood, a refused check costs neither a query nor a Redis command.
  return (email: string, password: string, client: string): Promise<Checked> =>
    deps.inTurn(client, () => check(email, password, client));
}

/** Maximum number of hashes for one check, when the stored hash keeps changing. */
const MAX_ATTEMPTS = 3;

function refused(reason: Refusal): Checked {
  return { outcome: { kind: 'refused', reason, scheme: 'basic' }, proof: null };
}

/** @returns a function that evaluates a cached proof; its result is null when the password must be checked again */
export function provenPassword({ findAccountById, ended }: ProvenPasswordDeps) {
  return ({ account: proven }: PasswordProof): MaybePromise<Outcome | null> =>
    andThen(findAccountById(proven.id), (account): Outcome | null => {
      if (account === null || ended(proven, account) !== null) return null;
      // Also after the gateway itself has replaced the hash: the proof must contain the new one.
      if (account.passwordHash !== proven.passwordHash) return null;
      return { kind: 'found', identity: { by: 'password', account } };
    });
}

export interface ProvenPasswordDeps {
  findAccountById(id: string): MaybePromise<Account | null>;
  /** Why the password is no longer accepted; null: it is. */
  ended: Standing['ofPassword'];
}
