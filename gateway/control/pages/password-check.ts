import type { Account } from '../../domain/account.ts';
import { GatewayError } from '../../domain/errors.ts';
import type { PageRequest } from '../../domain/request-record.ts';
import type { passwordIdentifier } from '../../identify/by-password.ts';
import type { IdentifyMeter } from '../../identify/identify.ts';

/**
 * Checks the email and password of a form, and reports a failure to the log.
 *
 * @returns the account; null if email or password is wrong
 * @throws GatewayError 429 after too many wrong passwords, 503 when a store is unavailable
 */
export type CheckPassword = (
  email: string,
  password: string,
  request: Pick<PageRequest, 'client' | 'onFailure'>,
) => Promise<Account | null>;

/** @param meter counts the outcomes, together with those of API requests */
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
