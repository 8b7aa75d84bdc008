import { type Gatehouse, issueToken, PASSWORD } from './gatehouse.ts';

/** What a load identifies itself with. Without a credential, all answers are 401. */
export const CREDENTIALS = ['token', 'password', 'none'] as const;
export type Credential = (typeof CREDENTIALS)[number];

/** The header fields of a load's requests. */
export async function credentialFields(credential: Credential, gatehouse: Gatehouse): Promise<Record<string, string>> {
  switch (credential) {
    case 'none':
      return {};
    case 'password':
      return { authorization: PASSWORD };
    case 'token':
      return { authorization: `Bearer ${(await issueToken(gatehouse)).token}` };
  }
}
