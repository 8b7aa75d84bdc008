import type { Random } from '../../random.ts';
import type { NodeName } from '../gateway/node.ts';
import type { Excuses } from '../troubles/excuses.ts';
import type { Answered, Call, Client } from './client.ts';
import type { People } from './people.ts';
import type { Tally } from './tally.ts';

/** One public listener under load. */
export interface Target {
  readonly name: NodeName;
  readonly client: Client;
}

/** What the requests of a soak share. */
export interface World {
  readonly random: Random;
  readonly people: People;
  readonly targets: readonly [Target, ...Target[]];
  /** Where other proxies ask. */
  readonly decisions: Client;
  readonly excuses: Excuses;
  readonly tally: Tally;
}

export interface Expectation {
  readonly operation: string;
  readonly statuses: readonly number[];
  /** Whether the answer may be cut off. */
  readonly maybeCut?: boolean;
  /** Whether it needs Redis. */
  readonly needsRedis?: boolean;
  /** @returns what is wrong with the answer; null: nothing */
  readonly wrong?: (answer: Answered) => string | null;
}

/** An address of a client, so that counts by address are spread as those of real clients are. */
export function anyAddress(random: Random): string {
  return `10.${random.below(4)}.${random.below(256)}.${1 + random.below(250)}`;
}

/** Sends a request as a client behind the load's proxy does, and judges its answer. */
export async function expectAnswer(
  world: World,
  { name, client }: Target,
  { headers, ...call }: Call,
  expectation: Expectation,
): Promise<Answered> {
  const begun = Date.now();
  const start = performance.now();
  const answer = await client.ask({ ...call, headers: { 'x-forwarded-for': anyAddress(world.random), ...headers } });
  judge(world, name, { begun, latency: performance.now() - start }, answer, expectation);
  return answer;
}

export function judge(
  { tally, excuses }: Pick<World, 'tally' | 'excuses'>,
  node: NodeName,
  { begun, latency }: { readonly begun: number; readonly latency: number },
  answer: Answered,
  { operation, statuses, maybeCut = false, needsRedis = false, wrong }: Expectation,
): void {
  const { status } = answer;
  const problem = problemOf(answer, statuses, maybeCut) ?? wrong?.(answer) ?? null;
  if (problem === null) {
    tally.expected(operation, status, latency);
    return;
  }
  const ended = Date.now();
  const isBroken = status === null || !answer.isWhole;
  const isExcused =
    (isBroken && excuses.explain('worker killed', node, begun, ended)) ||
    (needsRedis && excuses.explain('redis out', node, begun, ended));
  if (isExcused) tally.excused(operation, status, latency);
  else {
    const id = answer.headers['x-request-id'];
    const message = `${problem} after ${Math.round(latency)} ms`;
    tally.unexpected(operation, status, latency, { node, id: typeof id === 'string' ? id : null, message });
  }
}

function problemOf(answer: Answered, statuses: readonly number[], maybeCut: boolean): string | null {
  const { status, isWhole, body, failure } = answer;
  if (status === null) return `no answer: ${failure}`;
  if (!statuses.includes(status)) return `${status}, not ${statuses.join(' or ')}: ${body.slice(0, 200)}`;
  return isWhole || maybeCut ? null : `${status}, cut off: ${failure}`;
}
