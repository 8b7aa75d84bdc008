import { statusRange } from '../settings/addresses.ts';
import type { UpstreamSettings } from '../settings/schema.ts';
import type { Upstream } from './upstream.ts';

/**
 * Asks each server from time to time whether it is well, beginning at once.
 *
 * @returns what ends that
 */
export function startHealthChecks(
  upstreams: readonly Upstream[],
  { path, interval, timeout, status }: NonNullable<UpstreamSettings['health']>,
): () => void {
  const ranges = status.map(statusRange);
  const stopped = new AbortController();

  const check = async ({ dispatcher, host, availability }: Upstream) => {
    try {
      const { statusCode, body } = await dispatcher.request({
        path,
        method: 'GET',
        headers: { host, 'user-agent': 'gatehouse-health' },
        signal: AbortSignal.any([stopped.signal, AbortSignal.timeout(timeout)]),
      });
      await body.dump();
      const isWell = ranges.some(([from, to]) => from <= statusCode && statusCode <= to);
      availability.setWell(isWell, `answered ${path} with ${statusCode}`);
    } catch (error) {
      if (!stopped.signal.aborted) availability.setWell(false, causeOf(error));
    }
  };

  for (const upstream of upstreams) void check(upstream);
  const timer = setInterval(() => {
    for (const upstream of upstreams) void check(upstream);
  }, interval).unref();
  return () => {
    clearInterval(timer);
    stopped.abort();
  };
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'TimeoutError' ? 'no answer in time' : 'code' in error ? String(error.code) : error.message;
}
