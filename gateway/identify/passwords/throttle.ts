import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { RateLimiterRes } from 'rate-limiter-flexible';
import { canonicalEmail } from '../../domain/account.ts';
import { GatewayError } from '../../domain/errors.ts';
import { createLimiter, type ProcessRole, type SharedRedis } from '../../stores/redis/limiter.ts';

/** Counts failed passwords, and stops those who try too many. */
export interface Throttle {
  /**
   * Takes one try at an account's password.
   *
   * @param client the address of whoever tries
   * @returns what gives it back, once the password was right: a success costs nothing
   * @throws GatewayError 429 with `Retry-After`, when there have been too many
   */
  take(client: string, email: string): Promise<() => Promise<void>>;
}

export interface ThrottleLimits {
  /** Milliseconds after which failures are forgotten. */
  readonly window: number;
  /** Failures of one address at one account: an attacker elsewhere cannot lock an owner out. */
  readonly perAddressAndAccount: number;
  /** Failures of one address at all accounts, and what it may ask for that is mailed. */
  readonly perAddress: number;
}

/** Failures are counted as `createLimiter` says. */
export function createThrottle(limits: ThrottleLimits, redis: SharedRedis | null, role: ProcessRole): Throttle {
  const limiter = (name: string, limit: number) =>
    createLimiter({ name: `throttle:${name}`, limit, window: limits.window }, redis, role);
  const byAddress = limiter('address', limits.perAddress);
  const byPair = limiter('pair', limits.perAddressAndAccount);

  return {
    async take(client, email) {
      const address = networkOf(client);
      const pair = `${address}:${createHash('sha256').update(canonicalEmail(email)).digest('base64url')}`;
      // One after the other: who is stopped at one account has used up nothing of what the address has for the others.
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
 * Counts what an address asks for that others would pay for: new accounts, and mails to whoever it names.
 *
 * @returns takes one; throws GatewayError 429 with `Retry-After` when there have been too many
 */
export function createAskThrottle(
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

/** An IPv4 address; of an IPv6 one its /64, which is what a household or a server gets. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail = ''] = address.split('%')[0]?.split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const groups = [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

function refuse(error: unknown): never {
  throw tooMany(error, 'too many failed passwords');
}

/** @returns the error itself, where it is no limit that was reached */
function tooMany(error: unknown, what: string): unknown {
  if (!(error instanceof RateLimiterRes)) return error;
  const seconds = String(Math.max(1, Math.ceil(error.msBeforeNext / 1000)));
  return new GatewayError('too_many_requests', what, { headers: { 'Retry-After': seconds } });
}
