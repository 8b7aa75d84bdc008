import type { AccountStore } from '../stores/accounts/store.ts';
import type { Afterwards } from './afterwards.ts';
import type { Changes } from './change.ts';
import type { Post } from './post.ts';

/** What every action of an owner is done with. */
export interface ActionNeeds {
  /** The gateway's own table. */
  readonly accounts: AccountStore;
  readonly changes: Changes;
  readonly post: Post;
  readonly afterwards: Afterwards;
}

/** What an action that sets a password is done with, too. */
export interface PasswordNeeds extends ActionNeeds {
  /**
   * Hashes a password when it is the client's turn.
   *
   * @param client whoever asks, such as an address
   * @throws GatewayError 503 when too much is waiting
   */
  newHash(client: string, password: string): Promise<string>;
}
