import type { Outcome, Verification, VerifiedToken } from '../state.ts';
import { parseCredentials } from './credentials.ts';
import type { Checked } from './password.ts';
import type { Proof, VerifiedCredentials } from './verified.ts';

export interface Identifiers {
  readonly verified: VerifiedCredentials;
  byPassword(email: string, password: string, client: string): Promise<Checked>;
  /** What a password that was proven before is worth now; null: it must be checked again. */
  byProvenPassword(proof: Proof & { by: 'password' }): Promise<Outcome | null>;
  /** The claims of a token that this gateway issued and that has not expired, or why it is refused. */
  verifyToken(token: string): Verification;
  byToken(token: VerifiedToken, scheme: 'basic' | 'bearer'): Promise<Outcome>;
}

/** @param client the address of whoever sends the request, which failed passwords are counted by */
export type Identify = (authorization: string | undefined, client: string) => Promise<Outcome>;

/**
 * Finds out who sends a request. What a credential has proven is remembered, so that neither a password nor a signature
 * is checked twice; whether it still holds is asked each time. Equal checks on the way are one.
 */
export function createIdentify(ask: Identifiers): Identify {
  const { verified } = ask;
  const underWay = new Map<string, Promise<Outcome>>();

  const checkPassword = async (key: string, email: string, password: string, client: string): Promise<Outcome> => {
    const { outcome, proof } = await ask.byPassword(email, password, client);
    if (proof !== null) verified.remember(key, proof);
    return outcome;
  };

  const once = (key: string, check: () => Promise<Outcome>): Promise<Outcome> => {
    const same = underWay.get(key);
    if (same !== undefined) return same;
    const checking = check().finally(() => underWay.delete(key));
    underWay.set(key, checking);
    return checking;
  };

  return async (authorization, client) => {
    if (authorization === undefined) return { kind: 'absent' };
    const key = verified.keyOf(authorization);
    const proof = verified.get(key);
    if (proof?.by === 'token') return await ask.byToken(proof.token, proof.scheme);
    if (proof?.by === 'password') {
      const outcome = await ask.byProvenPassword(proof);
      if (outcome !== null) return outcome;
      verified.forget(key);
    }

    const credentials = parseCredentials(authorization);
    switch (credentials.kind) {
      case 'malformed':
        return { kind: 'refused', reason: 'malformed credentials', scheme: credentials.scheme };
      case 'password':
        return await once(key, () => checkPassword(key, credentials.email, credentials.password, client));
      case 'token': {
        const { scheme } = credentials;
        const token = ask.verifyToken(credentials.token);
        if (!token.ok) return { kind: 'refused', reason: token.reason, scheme };
        verified.remember(key, { by: 'token', token, scheme });
        return await ask.byToken(token, scheme);
      }
    }
  };
}
