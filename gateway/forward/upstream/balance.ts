import type { UpstreamSettings } from '../../settings/schema/settings.ts';

/** The properties of a server by which it is chosen. */
export interface Candidate {
  readonly weight: number;
  /** Unanswered requests. */
  readonly outstanding: number;
}

/** Chooses a server; `undefined` where there are no candidates. */
export type Balance<Server extends Candidate> = (candidates: readonly Server[]) => Server | undefined;

export function createBalance<Server extends Candidate>(kind: UpstreamSettings['balance']): Balance<Server> {
  const inTurn = smoothRoundRobin<Server>();
  if (kind === 'round-robin') return inTurn;
  return (candidates) => {
    const least = Math.min(...candidates.map(load));
    return inTurn(candidates.filter((one) => load(one) === least));
  };
}

/** The load of a server with one more request. */
function load({ outstanding, weight }: Candidate): number {
  return (outstanding + 1) / weight;
}

/**
 * Smooth weighted round robin, which spreads out the turns of a heavy server. At each choice, every server gains its weight;
 * the server with the highest sum is chosen, and its sum is reduced by the total weight.
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
