import { createHash } from 'node:crypto';
import { domainToASCII } from 'node:url';
import { RateLimiterRes } from 'rate-limiter-flexible';
import { canonicalEmail } from '../../domain/account.ts';
import type { Logger } from '../../ops/log.ts';
import { createLimiter, type ProcessRole, type SharedRedis } from '../../stores/redis/limiter.ts';
import type { MessageKind } from './messages.ts';

/** Counts what each address is sent, so that nobody can have the gateway fill somebody's mailbox. */
export interface MailLimit {
  /** Counts a mail. @returns whether it may be sent */
  take(email: string, kind: MessageKind): Promise<boolean>;
}

/** Milliseconds after which mails are forgotten. */
const HOUR = 3_600_000;

/**
 * Each kind of mail is counted by itself. Else whoever asks for five mails to an address that he does not have keeps its
 * owner from the one that he needs: a link for a new password, or word that somebody has changed it.
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

/** `ada+1@example.com`, `ada+2@example.com` and so on are one mailbox with most providers, and one for whoever fills it. */
function mailboxOf(email: string): string {
  const canonical = canonicalEmail(email);
  const at = canonical.lastIndexOf('@');
  const domain = canonical.slice(at + 1);
  return `${canonical.slice(0, at).replace(/(?<=.)\+.*/, '')}@${domainToASCII(domain) || domain}`;
}
