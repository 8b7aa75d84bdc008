import { type Soon, whenThere } from '../soon.ts';
import type { Account, Outcome } from '../state.ts';
import type { Proof } from './verified.ts';

export interface PasswordIdentifier {
  /** The account with this email, or `null`; rejects when the store is out. */
  findAccount(email: string): Promise<Account | null>;
  findAccountById(id: string): Soon<Account | null>;
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
  const check = async (email: string, password: string, client: string): Promise<Checked> => {
    const giveBack = await ask.takeTry(client, email);
    try {
      const account = await ask.findAccount(email);
      const hash = account?.passwordHash ?? null;
      const isRight = await ask.checkPassword(hash, password);
      if (account === null || hash === null || !isRight) {
        const reason = account === null ? 'unknown account' : 'wrong password';
        return { outcome: { kind: 'refused', reason, scheme: 'basic' }, proof: null };
      }
      await giveBack();
      ask.onProven(account, password);
      return {
        outcome: { kind: 'found', identity: { by: 'password', account } },
        proof: { by: 'password', accountId: account.id, email: account.email, passwordHash: hash },
      };
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

/** What a proof from before is worth now: nothing, once the account has another email or another hash. */
export function provenPassword({ findAccountById }: Pick<PasswordIdentifier, 'findAccountById'>) {
  return ({ accountId, email, passwordHash }: PasswordProof): Soon<Outcome | null> =>
    whenThere(findAccountById(accountId), (account): Outcome | null => {
      if (account === null || account.passwordHash !== passwordHash || account.email !== email) return null;
      return { kind: 'found', identity: { by: 'password', account } };
    });
}
