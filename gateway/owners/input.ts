import { canonicalEmail, emailProblem } from '../domain/account.ts';
import { passwordProblem } from '../identify/passwords/password.ts';
import { isMailAddress } from '../settings/schema/mail.ts';

/** The input is invalid; each problem has a sentence for the user. */
export interface Invalid {
  readonly kind: 'invalid';
  readonly problems: readonly FieldProblem[];
}

export interface FieldProblem {
  readonly field: 'email' | 'password';
  readonly text: string;
}

/** Characters. The demo account's is shorter. */
const SHORTEST_PASSWORD = 8;

/** The problems of an email for an account that is confirmed by mail. Does not consider existing accounts. */
export function problemsOfEmail(email: string): FieldProblem[] {
  const problem = emailProblem(email) ?? (isMailAddress(email) ? null : 'is not an address that we can send mail to');
  return problem === null ? [] : [{ field: 'email', text: `The email ${problem}.` }];
}

/** @param email the email of the account */
export function problemsOfPassword(password: string, email: string): FieldProblem[] {
  const problem = passwordProblem(password) ?? guessable(password, email);
  return problem === null ? [] : [{ field: 'password', text: `The password ${problem}.` }];
}

function guessable(password: string, email: string): string | null {
  if ([...password].length < SHORTEST_PASSWORD) return `has fewer than ${SHORTEST_PASSWORD} characters`;
  return canonicalEmail(password) === canonicalEmail(email) ? 'is the email' : null;
}
