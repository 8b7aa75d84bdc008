import type { Outcome } from '../state.ts';
import { parseCredentials } from './credentials.ts';

export interface Identifiers {
  byPassword(email: string, password: string): Promise<Outcome>;
  byToken(token: string, scheme: 'basic' | 'bearer'): Promise<Outcome>;
}

export type Identify = (authorization: string | undefined) => Promise<Outcome>;

/** Hands a request's `Authorization` field to the identifier that its form belongs to. */
export function createIdentify({ byPassword, byToken }: Identifiers): Identify {
  return async (authorization) => {
    const credentials = parseCredentials(authorization);
    switch (credentials.kind) {
      case 'none':
        return { kind: 'absent' };
      case 'malformed':
        return { kind: 'refused', reason: 'malformed credentials', scheme: credentials.scheme };
      case 'password':
        return byPassword(credentials.email, credentials.password);
      case 'token':
        return byToken(credentials.token, credentials.scheme);
    }
  };
}
