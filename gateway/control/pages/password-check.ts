import type { Account } from '../../domain/account.ts';
import { GatewayError } from '../../domain/errors.ts';
import type { PageRequest } from '../../domain/request-record.ts';
import type { passwordIdentifier } from '../../identify/by-password.ts';
import type { IdentifyMeter } from '../../identify/identify.ts';

/**
 * Checks an email and a password that a form has, and reports a failure for the log.
 *
 * @returns the account; null: there is none with this email and password
 * @throws GatewayError 429 after too many wrong passwords, 503 when a store is out
 */
export type CheckPassword = (
  email: string,
  password: string,
  request: Pick<PageRequest, 'client' | 'onFailure'>,
) => Promise<Account | null>;

/** @param meter counts the outcomes, as those of requests to the API */
export function passwordCheck(byPassword: ReturnType<typeof passwordIdentifier>, meter: IdentifyMeter): CheckPassword {
  return async (email, password, request) => {
    const checking = byPassword(email, password, request.client).then(({ outcome }) => outcome);
    checking.then(meter.decided, meter.failed);
    const outcome = await checking;
    if (outcome.kind === 'found') return outcome.identity.account;
    const reason = outcome.kind === 'refused' ? outcome.reason : 'no credentials';
    request.onFailure(new GatewayError('unauthorized', reason));
    return null;
  };
}
