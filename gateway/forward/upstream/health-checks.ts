import { setTimeout as pause } from 'node:timers/promises';
import { statusRange } from '../../settings/schema/addresses.ts';
import type { UpstreamSettings } from '../../settings/schema/settings.ts';
import type { Upstream } from './upstream.ts';

/** Bytes of a body that are read; what has more has its connection closed. */
const LONGEST_BODY = 128 * 1024;

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

  const check = async ({ dispatcher, host, origin, availability }: Upstream) => {
    const options = {
      path,
      method: 'GET',
      headers: { host, 'user-agent': 'gatehouse-health' },
      signal: AbortSignal.any([stopped.signal, AbortSignal.timeout(timeout)]),
      headersTimeout: timeout,
      // As requests have it, whose connections are used.
      servername: origin,
    } as const;
    try {
      const { statusCode, body } = await dispatcher.request(options);
      await body.dump({ limit: LONGEST_BODY, signal: options.signal });
      const isWell = ranges.some(([from, to]) => from <= statusCode && statusCode <= to);
      availability.setWell(isWell, `answered ${path} with ${statusCode}`);
    } catch (error) {
      if (!stopped.signal.aborted) availability.setWell(false, causeOf(error));
    }
  };

  const keepChecking = async (upstream: Upstream) => {
    while (!stopped.signal.aborted) {
      await check(upstream);
      await pause(interval, undefined, { ref: false, signal: stopped.signal }).catch(() => {});
    }
  };

  for (const upstream of upstreams) void keepChecking(upstream);
  return () => stopped.abort();
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'TimeoutError' ? 'no answer in time' : 'code' in error ? String(error.code) : error.message;
}
