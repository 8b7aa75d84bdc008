import { createHash, randomBytes } from 'node:crypto';

/**
 * A stamp has a part that the account's tokens are bound to, and, behind a dot, one for changes that leave tokens alone.
 * Mailed links and sessions are bound to the whole of it, so that no change can be undone and make them good again.
 */
export function newStamp(): string {
  return randomBytes(16).toString('base64url');
}

/** Another stamp, under which the tokens go on and nothing else does. */
export function stampForTokensToGoOn(stamp: string): string {
  return `${partForTokens(stamp)}.${randomBytes(12).toString('base64url')}`;
}

export function partForTokens(stamp: string): string {
  const dot = stamp.indexOf('.');
  return dot === -1 ? stamp : stamp.slice(0, dot);
}

/** What the record of a token keeps of the stamp that the token is bound to: 22 characters, which tell nothing of it. */
export function digestForTokens(stamp: string): string {
  return createHash('sha256').update(partForTokens(stamp)).digest('base64url').slice(0, 22);
}
