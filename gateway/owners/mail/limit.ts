import { createHash } from 'node:crypto';
import { domainToASCII } from 'node:url';
import { RateLimiterRes } from 'rate-limiter-flexible';
import { canonicalEmail } from '../../domain/account.ts';
import type { Logger } from '../../ops/log.ts';
import { createLimiter, type ProcessRole, type SharedRedis } from '../../stores/redis/limiter.ts';
import type { MessageKind } from './messages.ts';

/** Limits the mails to each address, so that the gateway cannot be used to flood a mailbox (mail bombing). */
export interface MailLimit {
  /** Counts a mail. @returns whether it may be sent */
  take(email: string, kind: MessageKind): Promise<boolean>;
}

/** The window of the count in milliseconds. */
const HOUR = 3_600_000;

/**
 * Each kind of mail has its own count. With a common one, an attacker who requests five mails to a foreign address would keep
 * its owner from receiving a reset link, or the notice of a changed password.
 *
 * @param perAddress mails of one kind to one address in an hour
 */
export function createMailLimit(
  perAddress: number,
  redis: SharedRedis | null,
  role: ProcessRole,
  log: Logger,
): MailLimit {
  const limiter = createLimiter({ name: 'mails', limit: perAddress, window: HOUR }, redis, role);
  return {
    async take(email, kind) {
      try {
        await limiter.consume(`${kind}:${createHash('sha256').update(mailboxOf(email)).digest('base64url')}`);
        return true;
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error;
        const again = Math.ceil(error.msBeforeNext / 1000);
        log.warn({ fault: 'client', kind, again }, 'mail not sent: too many to this address');
        return false;
      }
    },
  };
}

/** `ada+1@example.com` and `ada+2@example.com` are one mailbox with most providers, and count as one (subaddressing). */
function mailboxOf(email: string): string {
  const canonical = canonicalEmail(email);
  const at = canonical.lastIndexOf('@');
  const domain = canonical.slice(at + 1);
  return `${canonical.slice(0, at).replace(/(?<=.)\+.*/, '')}@${domainToASCII(domain) || domain}`;
}
