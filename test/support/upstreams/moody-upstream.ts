import type { Scope } from '../../lab/scope.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';

export interface MoodyUpstream {
  readonly url: string;
  /** `performance.now()` of each request. */
  readonly arrivals: readonly number[];
  /** Whether it ends the connection in place of an answer. */
  isUnwell: boolean;
}

/** A server that answers `by NAME`, or cuts its connections, as the test says. */
export async function moodyUpstream(t: Scope, name: string): Promise<MoodyUpstream> {
  const arrivals: number[] = [];
  const state = { isUnwell: false };
  const { url } = await httpUpstream(t, (req, res) => {
    arrivals.push(performance.now());
    if (state.isUnwell) req.socket.resetAndDestroy();
    else req.resume().on('end', () => res.end(`by ${name}`));
  });
  return Object.assign(state, { url, arrivals });
}
