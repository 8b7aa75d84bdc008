import { GatewayError } from '../../domain/errors.ts';
import type { Identity } from '../../domain/identity.ts';
import type { MaybePromise } from '../../domain/maybe-promise.ts';
import type { RequestRecord } from '../../domain/request-record.ts';
import { networkOf } from '../../http/network.ts';
import { fieldString, policyItem, stateItem } from './fields.ts';
import type { LimitCounts, SharedLimit } from './limit-counts.ts';
import { isAtHand, type Part, type Way } from './part.ts';
import type { Reporting } from './reporting.ts';

/** The limits of a route. */
export interface RouteLimits {
  /**
   * Counts a request, in each limit or in none, and sets what its answer says of them. Synchronous unless the ledger must be asked.
   *
   * @param identity null: anybody may send it
   * @throws GatewayError 429 with `Retry-After` when a limit is reached, 403 when one allows nothing; synchronously or as a rejection
   */
  count(identity: Identity | null, record: CountedRequest): MaybePromise<void>;
}

/** What counting a request reads and sets. */
type CountedRequest = Pick<RequestRecord, 'client' | 'rateLimit'>;

/** @returns counts a request that the limit refuses on the route */
export type CountRefusals = (limit: string, route: string) => () => void;

/** A limit of the route, and its name as clients read it. */
interface NamedLimit {
  readonly limit: SharedLimit;
  readonly quoted: string;
  countRefusal(): void;
}

/** What a request takes of one limit. */
interface Use {
  readonly named: NamedLimit;
  readonly part: Part;
  readonly way: Way;
}

/** @param limits of the route, in the order in which answers name them */
export function compileRouteLimits(
  route: string,
  limits: readonly SharedLimit[],
  { reporting }: LimitCounts,
  refusalsBy: CountRefusals,
): RouteLimits {
  const named = limits.map((limit): NamedLimit => {
    return { limit, quoted: fieldString(limit.name), countRefusal: refusalsBy(limit.name, route) };
  });
  const policy = named.map(({ limit, quoted }) => policyItem(quoted, limit.settings)).join(', ');
  const blocking = named.find(({ limit }) => limit.settings.requests === 0);
  if (blocking !== undefined) return blockedBy(blocking, policy);

  const say = (uses: readonly Use[], record: CountedRequest) => {
    const now = reporting.now();
    let state = '';
    for (const { part, named: one } of uses) {
      const { left, wait } = part.remaining(now, reporting.standing);
      state += `${state === '' ? '' : ', '}${stateItem(one.quoted, left, wait)}`;
    }
    record.rateLimit = { policy, state };
  };

  const refuse = (uses: readonly Use[], refusing: readonly Use[], record: CountedRequest): never => {
    say(uses, record);
    for (const use of refusing) use.named.countRefusal();
    const now = reporting.now();
    const wait = Math.max(...refusing.map(({ part }) => part.remaining(now, reporting.standing).wait));
    throw new GatewayError('too_many_requests', `limit ${refusing.map((use) => use.named.quoted).join(', ')} reached`, {
      publicMessage: 'Rate limit reached',
      headers: { 'Retry-After': String(Math.max(1, Math.ceil(wait / 1_000))) },
    });
  };

  return {
    count(identity, record) {
      const now = reporting.now();
      const uses: Use[] = [];
      let mustAsk = false;
      let isRefused = false;
      for (const one of named) {
        const part = one.limit.partOf(keyOf(one.limit, identity, record.client));
        const way = part.wayFor(now, reporting.standing);
        uses.push({ named: one, part, way });
        if (way === 'ask') mustAsk = true;
        if (way === 'refuse') isRefused = true;
      }
      if (isRefused) {
        const refusing = uses.filter(({ way }) => way === 'refuse');
        return refuse(uses, refusing, record);
      }
      for (const { part, way } of uses) if (isAtHand(way) && part.use(way, now)) reporting.queue(part);
      if (!mustAsk) return say(uses, record);
      return askFor(uses, reporting).then((refusing) => {
        if (refusing.length > 0) refuse(uses, refusing, record);
        say(uses, record);
      });
    },
  };
}

function blockedBy({ quoted, countRefusal }: NamedLimit, policy: string): RouteLimits {
  return {
    count(_, record) {
      record.rateLimit = { policy, state: stateItem(quoted, 0, null) };
      countRefusal();
      throw new GatewayError('forbidden', `the limit ${quoted} allows no requests`, { publicMessage: 'Not allowed' });
    },
  };
}

/** Asks the ledger for what is not at hand. If it grants less, the request takes nothing. @returns what refuses the request */
async function askFor(uses: readonly Use[], reporting: Reporting): Promise<Use[]> {
  const granted = new Set<Use>();
  await Promise.all(
    uses.map(async (use) => {
      if (use.way !== 'ask' || (await reporting.ask(use.part))) granted.add(use);
    }),
  );
  if (granted.size === uses.length) return [];
  for (const { part, way } of granted) {
    if (way === 'refuse') continue;
    part.putBack(way, 1, reporting.now());
    reporting.giveBack(part);
  }
  return uses.filter((use) => !granted.has(use));
}

function keyOf({ settings }: SharedLimit, identity: Identity | null, client: string): string {
  if (settings.by === 'address' || identity === null) return networkOf(client);
  if (settings.by === 'token' && identity.by === 'token') return identity.token.claims.jti;
  return settings.by === 'token' ? `account ${identity.account.id}` : identity.account.id;
}
