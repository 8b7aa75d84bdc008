import type { Account } from '../domain/account.ts';
import { storeUnavailable } from '../domain/errors.ts';
import type { Outcome, Refusal } from '../domain/identity.ts';
import { andThen, type MaybePromise } from '../domain/maybe-promise.ts';
import type { Proof } from './proven-credentials.ts';
import type { Standing } from './standing.ts';

export interface PasswordDeps {
  /** Rejects when the store is out. */
  findAccount(email: string): Promise<Account | null>;
  /** Whether the password matches the hash. Takes as long without a hash (`null`). */
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
  /** Called after a right password, to replace a weak hash. Not waited for. */
  onProven(account: Account, password: string): void;
}

type PasswordProof = Proof & { readonly by: 'password' };

/** An outcome, and the proof to cache where the password was right. */
export interface Checked {
  readonly outcome: Outcome;
  readonly proof: PasswordProof | null;
}

/** Checks an email and a password. An unknown account is refused as late as a wrong password. */
export function passwordIdentifier(ask: PasswordDeps) {
  /** Reads the account again after the hash, which takes long enough for the account to change or to be removed. */
  const prove = async (email: string, password: string): Promise<Checked> => {
    let account = await ask.findAccount(email);
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const hash = account?.passwordHash ?? null;
      const isRight = await ask.checkPassword(hash, password);
      if (account === null) return refused('unknown account');
      if (hash === null || !isRight) return refused('wrong password');
      const present = await ask.findAccount(email);
      if (present !== null && present.id === account.id && present.passwordHash === hash) {
        const identity = { by: 'password', account: present } as const;
        return { outcome: { kind: 'found', identity }, proof: identity };
      }
      account = present;
    }
    throw storeUnavailable('database', new Error('the account changed during each check of its password'));
  };

  const check = async (email: string, password: string, client: string): Promise<Checked> => {
    const giveBack = await ask.takeTry(client, email);
    try {
      const checked = await prove(email, password);
      if (checked.proof !== null) {
        await giveBack();
        ask.onProven(checked.proof.account, password);
      }
      return checked;
    } catch (error) {
      // A store was out: the password was not checked.
      await giveBack();
      throw error;
    }
  };
  // All of it in turn: during a flood, a refused check costs neither a query nor a command to Redis.
  return (email: string, password: string, client: string): Promise<Checked> =>
    ask.inTurn(client, () => check(email, password, client));
}

/** Most hashes computed for one check, where the stored hash changes meanwhile. */
const MOST_TRIES = 3;

function refused(reason: Refusal): Checked {
  return { outcome: { kind: 'refused', reason, scheme: 'basic' }, proof: null };
}

/** Whether a cached proof still stands; null: the password must be checked again. */
export function provenPassword({ findAccountById, ended }: ProvenPasswordDeps) {
  return ({ account: proven }: PasswordProof): MaybePromise<Outcome | null> =>
    andThen(findAccountById(proven.id), (account): Outcome | null => {
      if (account === null || ended(proven, account) !== null) return null;
      // Also where the gateway itself has replaced the hash: the new proof needs the new hash.
      if (account.passwordHash !== proven.passwordHash) return null;
      return { kind: 'found', identity: { by: 'password', account } };
    });
}

export interface ProvenPasswordDeps {
  findAccountById(id: string): MaybePromise<Account | null>;
  /** Why the password no longer stands; null: it does. */
  ended: Standing['ofPassword'];
}
