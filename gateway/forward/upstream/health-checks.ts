import { setTimeout as pause } from 'node:timers/promises';
import { statusRange } from '../../settings/schema/addresses.ts';
import type { UpstreamSettings } from '../../settings/schema/settings.ts';
import type { Server } from './upstream.ts';

/** Most bytes of a body that are read: beyond them, the connection is closed. */
const LONGEST_BODY = 128 * 1024;

/**
 * Checks the health of each server now and at each interval.
 *
 * @returns stops the checks
 */
export function startHealthChecks(
  servers: readonly Server[],
  { path, interval, timeout, status }: NonNullable<UpstreamSettings['health']>,
): () => void {
  const ranges = status.map(statusRange);
  const stopped = new AbortController();

  const check = async (server: Server) => {
    const { dispatcher, host, origin } = server;
    const options = {
      path,
      method: 'GET',
      headers: { host, 'user-agent': 'gatehouse-health' },
      signal: AbortSignal.any([stopped.signal, AbortSignal.timeout(timeout)]),
      headersTimeout: timeout,
      // The same as for requests, with which the checks share connections.
      servername: origin,
    } as const;
    try {
      const { statusCode, body } = await dispatcher.request(options);
      await body.dump({ limit: LONGEST_BODY, signal: options.signal });
      const isWell = ranges.some(([from, to]) => from <= statusCode && statusCode <= to);
      server.checked(isWell, `answered ${path} with ${statusCode}`);
    } catch (error) {
      if (!stopped.signal.aborted) server.checked(false, causeOf(error));
    }
  };

  const keepChecking = async (server: Server) => {
    while (!stopped.signal.aborted) {
      await check(server);
      await pause(interval, undefined, { ref: false, signal: stopped.signal }).catch(() => {});
    }
  };

  for (const server of servers) void keepChecking(server);
  return () => stopped.abort();
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'TimeoutError' ? 'no answer in time' : 'code' in error ? String(error.code) : error.message;
}
