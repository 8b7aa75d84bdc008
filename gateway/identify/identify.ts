import type { Outcome, Scheme, Verification, VerifiedToken } from '../domain/identity.ts';
import { andThen, type MaybePromise } from '../domain/maybe-promise.ts';
import { parseApiKey, parseCredentials } from './credentials.ts';
import type { Checked } from './password.ts';
import type { CredentialField, Proof, VerifiedCredentials } from './verified.ts';

export interface Identifiers {
  readonly verified: VerifiedCredentials;
  byPassword(email: string, password: string, client: string): Promise<Checked>;
  /** What a password that was proven before is worth now; null: it must be checked again. */
  byProvenPassword(proof: Proof & { by: 'password' }): MaybePromise<Outcome | null>;
  /** The claims of a token that this gateway issued and that has not expired, or why it is refused. */
  verifyToken(token: string): Verification;
  byToken(token: VerifiedToken, scheme: Scheme): MaybePromise<Outcome>;
}

/**
 * @param value of the field; `undefined`: there is none
 * @param client the address of whoever sends the request, which failed passwords are counted by
 */
export type Identify = (field: CredentialField, value: string | undefined, client: string) => MaybePromise<Outcome>;

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

  const prove = (key: string, field: CredentialField, value: string, client: string): MaybePromise<Outcome> => {
    const credentials = field === 'x-api-key ' ? parseApiKey(value) : parseCredentials(value);
    switch (credentials.kind) {
      case 'malformed':
        return { kind: 'refused', reason: 'malformed credentials', scheme: credentials.scheme };
      case 'password':
        return once(key, () => checkPassword(key, credentials.email, credentials.password, client));
      case 'token': {
        const { scheme } = credentials;
        const token = ask.verifyToken(credentials.token);
        if (!token.ok) return { kind: 'refused', reason: token.reason, scheme };
        verified.remember(key, { by: 'token', token, scheme });
        return ask.byToken(token, scheme);
      }
    }
  };

  return (field, value, client) => {
    if (value === undefined) return ABSENT;
    const key = verified.keyOf(field, value);
    const proof = verified.get(key);
    if (proof === undefined) return prove(key, field, value, client);
    if (proof.by === 'token') return ask.byToken(proof.token, proof.scheme);
    return andThen(ask.byProvenPassword(proof), (outcome) => {
      if (outcome !== null) return outcome;
      verified.forget(key);
      return prove(key, field, value, client);
    });
  };
}

const ABSENT: Outcome = { kind: 'absent' };
