import type { Scope } from '../../test/lab/scope.ts';
import type { Gatehouse } from '../harness/gatehouse.ts';
import type { Lab } from '../harness/lab.ts';
import { PATH } from '../harness/upstream.ts';
import { type Answered, type Load, runWrk } from '../harness/wrk.ts';

/** How the gateway answered a load. */
export interface Asked extends Answered {
  /** CPU time of all its processes for each request, in microseconds. */
  readonly cpuPerRequest: number;
  /** The part of it that was not spent in the kernel. */
  readonly userPerRequest: number;
}

/** Loads the gateway with wrk, on `PATH` unless a path is given or a script says otherwise, and throws away the log of that. */
export async function askGatehouse(
  scope: Scope,
  lab: Lab,
  gatehouse: Gatehouse,
  { path = PATH, ...load }: Omit<Load, 'url' | 'core'> & { readonly path?: string },
): Promise<Asked> {
  const [cpu, user] = [gatehouse.cpu(), gatehouse.userTime()];
  const answered = await runWrk(scope, { ...load, url: gatehouse.url + path, core: lab.cores.load });
  const perRequest = (milliseconds: number) => (milliseconds * 1_000) / answered.requests;
  const cpuPerRequest = perRequest(gatehouse.cpu() - cpu);
  const userPerRequest = perRequest(gatehouse.userTime() - user);
  gatehouse.emptyOutput();
  return { ...answered, cpuPerRequest, userPerRequest };
}

/** The port that a server listens on. */
export function portOf({ url }: { readonly url: string }): number {
  return Number(new URL(url).port);
}
