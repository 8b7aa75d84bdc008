import { createHash, hash } from 'node:crypto';

export interface ShaCryptWork {
  readonly recipe: 'sha-crypt';
  readonly digest: 'sha256' | 'sha512';
  readonly salt: string;
  readonly rounds: number;
  readonly password: string;
}

/**
 * The digest of `$5$` and `$6$` (https://www.akkadia.org/drepper/SHA-crypt.txt), before its bytes are reordered. The names
 * A, B, P and S are those of the specification.
 */
export function shaCryptDigest({ digest, salt: saltText, rounds, password }: ShaCryptWork): Buffer {
  const [key, salt] = [Buffer.from(password), Buffer.from(saltText)];
  const B = hash(digest, Buffer.concat([key, salt, key]), 'buffer');
  const start = createHash(digest).update(key).update(salt).update(repeated(B, key.length));
  for (let bits = key.length; bits > 0; bits >>= 1) start.update(bits & 1 ? B : key);
  const A = start.digest();

  const P = repeated(hash(digest, repeated(key, key.length * key.length), 'buffer'), key.length);
  const S = repeated(hash(digest, repeated(salt, salt.length * (16 + (A[0] ?? 0))), 'buffer'), salt.length);
  const inputs = Array.from({ length: PERIOD }, (_, round) => inputOfRound(round, A.length, P, S));
  let state = A;
  for (let round = 0; round < rounds; round += 1) {
    const { bytes, stateAt } = inputs[round % PERIOD] as Input;
    state.copy(bytes, stateAt);
    state = hash(digest, bytes, 'buffer');
  }
  return state;
}

/** The input of a round, but for the state of the round before it, which is copied to `stateAt`. */
interface Input {
  readonly bytes: Buffer;
  readonly stateAt: number;
}

/** The order of the parts depends on the remainders of the round by 2, 3 and 7. */
const PERIOD = 2 * 3 * 7;

function inputOfRound(round: number, stateLength: number, P: Buffer, S: Buffer): Input {
  const state = Buffer.alloc(stateLength);
  const between = [...(round % 3 === 0 ? [] : [S]), ...(round % 7 === 0 ? [] : [P])];
  if (round % 2 === 0) return { bytes: Buffer.concat([state, ...between, P]), stateAt: 0 };
  const before = Buffer.concat([P, ...between]);
  return { bytes: Buffer.concat([before, state]), stateAt: before.length };
}

/** The bytes one after another until there are `length`. */
function repeated(bytes: Buffer, length: number): Buffer {
  return Buffer.alloc(length, bytes);
}
