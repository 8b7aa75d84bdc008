import { hash } from 'node:crypto';

export interface PhpassWork {
  readonly recipe: 'phpass';
  readonly digest: 'md5' | 'sha512';
  readonly salt: string;
  readonly rounds: number;
  readonly password: string;
}

/** The digest of phpass (https://www.openwall.com/phpass/), and of Drupal with SHA-512. */
export function phpassDigest({ digest, salt, rounds, password }: PhpassWork): Buffer {
  let state = hash(digest, salt + password, 'buffer');
  const input = Buffer.concat([state, Buffer.from(password)]);
  for (let round = 0; round < rounds; round += 1) {
    state = hash(digest, input, 'buffer');
    state.copy(input);
  }
  return state;
}
