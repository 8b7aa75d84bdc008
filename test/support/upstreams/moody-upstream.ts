import type { Scope } from '../../lab/scope.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';

export interface MoodyUpstream {
  readonly url: string;
  /** `performance.now()` of each request. */
  readonly arrivals: readonly number[];
  /** Whether it closes the connection instead of responding. */
  isUnwell: boolean;
}

/** A server that responds `by NAME`, or closes its connections, as the test sets. */
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
