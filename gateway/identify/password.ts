import type { Account } from '../domain/account.ts';
import { storeUnavailable } from '../domain/errors.ts';
import type { Outcome, Refusal } from '../domain/identity.ts';
import { andThen, type MaybePromise } from '../domain/maybe-promise.ts';
import type { Standing } from './standing.ts';
import type { Proof } from './verified.ts';

export interface PasswordIdentifier {
  /** The account with this email, or `null`; rejects when the store is out. */
  findAccount(email: string): Promise<Account | null>;
  /** Whether the password belongs to the hash; costs the same where there is no hash (`null`). */
  checkPassword(hash: string | null, password: string): Promise<boolean>;
  /**
   * Takes one try of a client at an account.
   *
   * @returns what gives it back
   * @throws GatewayError 429 when there have been too many
   */
  takeTry(client: string, email: string): Promise<() => Promise<void>>;
  /** Runs a check when it is the client's turn. Throws GatewayError 503 when too many wait. */
  inTurn<T>(client: string, check: () => Promise<T>): Promise<T>;
  /** The password was right: its stored hash may be one to be replaced. Not waited for. */
  onProven(account: Account, password: string): void;
}

type PasswordProof = Proof & { readonly by: 'password' };

/** An outcome, and, where it is good, what to remember it by. */
export interface Checked {
  readonly outcome: Outcome;
  readonly proof: PasswordProof | null;
}

/** Checks an email and a password. An unknown account is refused as late as a wrong password. */
export function passwordIdentifier(ask: PasswordIdentifier) {
  /** Asked again after the hash, which takes a while: the account may be gone by then, or have another password. */
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
    throw storeUnavailable('database', new Error('the account changes with each look at it'));
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
      // A store was out: nothing was tried.
      await giveBack();
      throw error;
    }
  };
  // All of it in turn: under a flood, what is turned away has cost neither a query nor a word with Redis.
  return (email: string, password: string, client: string): Promise<Checked> =>
    ask.inTurn(client, () => check(email, password, client));
}

/** Hashes computed for one check, where the stored one changes meanwhile. */
const MOST_TRIES = 3;

function refused(reason: Refusal): Checked {
  return { outcome: { kind: 'refused', reason, scheme: 'basic' }, proof: null };
}

/** What a proof from before is worth now; null: nothing, or no more than that the password must be checked again. */
export function provenPassword({ findAccountById, ended }: ProvenPassword) {
  return ({ account: proven }: PasswordProof): MaybePromise<Outcome | null> =>
    andThen(findAccountById(proven.id), (account): Outcome | null => {
      if (account === null || ended(proven, account) !== null) return null;
      // What the gateway itself has put in place of the hash is of the same password; looked at once more all the same.
      if (account.passwordHash !== proven.passwordHash) return null;
      return { kind: 'found', identity: { by: 'password', account } };
    });
}

export interface ProvenPassword {
  findAccountById(id: string): MaybePromise<Account | null>;
  /** Why the password no longer stands; null: it does. */
  ended: Standing['ofPassword'];
}
