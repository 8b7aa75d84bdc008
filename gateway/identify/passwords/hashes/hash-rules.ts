import type { Settings } from '../../../settings/schema/settings.ts';

type AccountSettings = Settings['accounts'];

/** What the settings say about stored hashes. Made once, by `hashRules`. Contains secrets. */
export interface HashRules {
  /**
   * `cut`: bcrypt uses the first 72 bytes of a longer password, as the application does that made the hash. `refused`: no
   * longer password is right, as for the gateway's own hashes.
   */
  readonly longBcryptPasswords: 'cut' | 'refused';
  /** Follows the password in the input of bcrypt (Devise); empty: none. */
  readonly pepper: string;
  /** Whether salted hashes of a single round are verified. */
  readonly weakHashes: 'allowed' | 'refused';
  /** For Firebase's hashes that do not contain their key; null: such hashes are refused. */
  readonly firebase: FirebaseKey | null;
}

/** What all hashes of a Firebase project share. */
export interface FirebaseKey {
  readonly signerKey: Buffer;
  readonly saltSeparator: Buffer;
}

/** @param accounts the options that concern hashes */
export function hashRules({
  table,
  pepper,
  allowWeakHashes,
  firebase,
}: Pick<AccountSettings, 'table' | 'pepper' | 'allowWeakHashes' | 'firebase'>): HashRules {
  return {
    longBcryptPasswords: table === undefined ? 'refused' : 'cut',
    pepper: pepper ?? '',
    weakHashes: allowWeakHashes ? 'allowed' : 'refused',
    firebase:
      firebase === undefined
        ? null
        : {
            signerKey: Buffer.from(firebase.signerKey, 'base64'),
            saltSeparator: Buffer.from(firebase.saltSeparator, 'base64'),
          },
  };
}
