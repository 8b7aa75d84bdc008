import { createHash } from 'node:crypto';
import { RateLimiterRes } from 'rate-limiter-flexible';
import { canonicalEmail } from '../../domain/account.ts';
import { GatewayError } from '../../domain/errors.ts';
import { networkOf } from '../../http/network.ts';
import { createLimiter, type ProcessRole, type SharedRedis } from '../../stores/redis/limiter.ts';

/** Limits failed passwords (brute force, credential stuffing). */
export interface Throttle {
  /**
   * Counts one attempt at an account's password.
   *
   * @param client the address of the client
   * @returns a function that takes the attempt back, for a correct password
   * @throws GatewayError 429 with `Retry-After` after too many attempts
   */
  take(client: string, email: string): Promise<() => Promise<void>>;
}

export interface ThrottleLimits {
  /** Milliseconds after which failures no longer count. */
  readonly window: number;
  /** Failures from one address at one account. Counted by address, so that an attacker cannot lock the owner out. */
  readonly perAddressAndAccount: number;
  /** Failures from one address at all accounts; also the limit of mails that it may request. */
  readonly perAddress: number;
}

/** Counts failures with `createLimiter`. */
export function createThrottle(limits: ThrottleLimits, redis: SharedRedis | null, role: ProcessRole): Throttle {
  const limiter = (name: string, limit: number) =>
    createLimiter({ name: `throttle:${name}`, limit, window: limits.window }, redis, role);
  const byAddress = limiter('address', limits.perAddress);
  const byPair = limiter('pair', limits.perAddressAndAccount);

  return {
    async take(client, email) {
      const address = networkOf(client);
      const pair = `${address}:${createHash('sha256').update(canonicalEmail(email)).digest('base64url')}`;
      // In sequence: an attempt that the limit of the pair refuses does not count against the limit of the address.
      await byPair.consume(pair).catch(refuse);
      await byAddress.consume(address).catch(async (error: unknown) => {
        await byPair.reward(pair);
        refuse(error);
      });
      return async () => {
        await Promise.all([byPair.reward(pair), byAddress.reward(address)]);
      };
    },
  };
}

/**
 * Limits the requests from one address that send mails: registrations, and mailed links (mail bombing).
 *
 * @returns counts one request; throws GatewayError 429 with `Retry-After` after too many
 */
export function createMailRequestThrottle(
  { window, perAddress }: Pick<ThrottleLimits, 'window' | 'perAddress'>,
  redis: SharedRedis | null,
  role: ProcessRole,
): (client: string) => Promise<void> {
  const limiter = createLimiter({ name: 'throttle:asked', limit: perAddress, window }, redis, role);
  return async (client) => {
    await limiter.consume(networkOf(client)).catch((error: unknown) => {
      throw tooMany(error, 'too many mails asked for');
    });
  };
}

function refuse(error: unknown): never {
  throw tooMany(error, 'too many failed passwords');
}

/** @returns a 429, or the error itself if it is not about a limit */
function tooMany(error: unknown, what: string): unknown {
  if (!(error instanceof RateLimiterRes)) return error;
  const seconds = String(Math.max(1, Math.ceil(error.msBeforeNext / 1000)));
  return new GatewayError('too_many_requests', what, { headers: { 'Retry-After': seconds } });
}
