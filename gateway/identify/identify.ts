import type { Outcome, Scheme, Verification, VerifiedToken } from '../domain/identity.ts';
import { andThen, type MaybePromise } from '../domain/maybe-promise.ts';
import type { Checked } from './by-password.ts';
import { parseApiKey, parseCredentials } from './credentials.ts';
import type { CredentialField, Proof, ProvenCredentials } from './proven-credentials.ts';

export interface IdentifyDeps {
  readonly proven: ProvenCredentials;
  byPassword(email: string, password: string, client: string): Promise<Checked>;
  /** The outcome for a cached proof of a password; null: the password must be checked again. */
  byProvenPassword(proof: Proof & { by: 'password' }): MaybePromise<Outcome | null>;
  /** Verifies signature, form and times of a token. */
  verifyToken(token: string): Verification;
  byToken(token: VerifiedToken, scheme: Scheme): MaybePromise<Outcome>;
}

/**
 * @param value the value of the field; `undefined`: the request does not have it
 * @param client the address of the client, by which failed passwords are counted
 * @throws GatewayError, synchronously or as a rejection: 429 after too many failed passwords, 503 when a required store is
 *   unavailable
 */
export type Identify = (field: CredentialField, value: string | undefined, client: string) => MaybePromise<Outcome>;

/**
 * Identifies the sender of a request. Proven credentials are cached, so that a password or a signature is checked only once;
 * whether they are still accepted is decided on each request. Concurrent identical checks share one promise.
 */
export function createIdentify(deps: IdentifyDeps): Identify {
  const { proven } = deps;
  const running = new Map<string, Promise<Outcome>>();

  const checkPassword = async (key: string, email: string, password: string, client: string): Promise<Outcome> => {
    const { outcome, proof } = await deps.byPassword(email, password, client);
    if (proof !== null) proven.remember(key, proof);
    return outcome;
  };

  const once = (key: string, check: () => Promise<Outcome>): Promise<Outcome> => {
    const same = running.get(key);
    if (same !== undefined) return same;
    const checking = check().finally(() => running.delete(key));
    running.set(key, checking);
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
        const token = deps.verifyToken(credentials.token);
        if (!token.ok) return { kind: 'refused', reason: token.reason, scheme };
        proven.remember(key, { by: 'token', token, scheme });
        return deps.byToken(token, scheme);
      }
    }
  };

  return (field, value, client) => {
    if (value === undefined) return ABSENT;
    const key = proven.keyOf(field, value);
    const proof = proven.get(key);
    if (proof === undefined) return prove(key, field, value, client);
    if (proof.by === 'token') return deps.byToken(proof.token, proof.scheme);
    return andThen(deps.byProvenPassword(proof), (outcome) => {
      if (outcome !== null) return outcome;
      proven.forget(key);
      return prove(key, field, value, client);
    });
  };
}

const ABSENT: Outcome = { kind: 'absent' };

/** Counts authentication outcomes. */
export interface IdentifyMeter {
  decided(outcome: Outcome): void;
  /** The check itself failed. */
  failed(error: unknown): void;
}

/** Reports each outcome to the meter before the caller continues. */
export function metered(identify: Identify, meter: IdentifyMeter): Identify {
  return (field, value, client) => {
    try {
      const answer = identify(field, value, client);
      if (answer instanceof Promise) answer.then(meter.decided, meter.failed);
      else meter.decided(answer);
      return answer;
    } catch (error) {
      meter.failed(error);
      throw error;
    }
  };
}
