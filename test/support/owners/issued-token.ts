import { ADA, basic } from '../../lab/gateways/gateway.ts';

/** A token of Ada, and actions with it. */
export interface IssuedToken {
  /** For the `Authorization` header. */
  readonly authorization: string;
  /** `DELETE /api/v1/tokens/current` with the token itself. */
  revoke(): Promise<void>;
}

/** @param expiration seconds */
export async function issueToken(url: string, expiration = 600): Promise<IssuedToken> {
  const answer = await fetch(`${url}/api/v1/tokens`, {
    method: 'POST',
    headers: { Authorization: basic(ADA), 'Content-Type': 'application/json' },
    body: JSON.stringify({ expiration }),
  });
  const { token } = (await answer.json()) as { token: string };
  const authorization = basic({ email: token, password: '' });
  return {
    authorization,
    async revoke() {
      const gone = await fetch(`${url}/api/v1/tokens/current`, {
        method: 'DELETE',
        headers: { Authorization: authorization },
      });
      if (gone.status !== 204) throw new Error(`the token was not revoked: ${gone.status}`);
    },
  };
}
