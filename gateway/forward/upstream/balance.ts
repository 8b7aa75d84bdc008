import type { UpstreamSettings } from '../../settings/schema/settings.ts';

/** What a choice between servers depends on. */
export interface Candidate {
  readonly weight: number;
  /** Requests that it has not answered. */
  readonly outstanding: number;
}

/** Chooses one of several servers; `undefined` where there is none. */
export type Balance<Server extends Candidate> = (candidates: readonly Server[]) => Server | undefined;

export function createBalance<Server extends Candidate>(kind: UpstreamSettings['balance']): Balance<Server> {
  const inTurn = smoothRoundRobin<Server>();
  if (kind === 'round-robin') return inTurn;
  return (candidates) => {
    const least = Math.min(...candidates.map(load));
    return inTurn(candidates.filter((one) => load(one) === least));
  };
}

/** How busy a server would be with one more. */
function load({ outstanding, weight }: Candidate): number {
  return (outstanding + 1) / weight;
}

/**
 * Weighted round robin in which a heavy server's turns are spread out: everybody gains their weight each time, and
 * whoever has gained the most is chosen and pays what all have gained together.
 */
function smoothRoundRobin<Server extends Candidate>(): Balance<Server> {
  const gained = new WeakMap<Server, number>();
  return (candidates) => {
    let chosen: Server | undefined;
    let most = Number.NEGATIVE_INFINITY;
    let total = 0;
    for (const one of candidates) {
      const sum = (gained.get(one) ?? 0) + one.weight;
      gained.set(one, sum);
      total += one.weight;
      if (sum <= most) continue;
      most = sum;
      chosen = one;
    }
    if (chosen !== undefined) gained.set(chosen, most - total);
    return chosen;
  };
}
