import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { createLimitCounts } from '../access/limits/limit-counts.ts';
import { createReporting } from '../access/limits/reporting.ts';
import { tokenIssue } from '../control/issue-token.ts';
import { tokenEndpoints } from '../control/token-endpoints.ts';
import { turnTime } from '../domain/turn-time.ts';
import { createHopCounter } from '../forward/headers/hops.ts';
import { loadModules } from '../forward/proxy-middleware/intercept-modules.ts';
import { sharedUpstreams } from '../forward/upstream/shared-groups.ts';
import type { KeySet } from '../http/key-set.ts';
import { metered } from '../identify/identify.ts';
import { createHashingQueue } from '../identify/passwords/hashing-queue.ts';
import { hashingLimits } from '../identify/passwords/hashing-threads.ts';
import { lowerBackgroundThreads } from '../ops/background-threads.ts';
import type { ShownConfiguration } from '../ops/console/console.ts';
import { type Failures, mergedFailures, NO_FAILURES, rememberFailures } from '../ops/console/failures.ts';
import { type Readiness, readinessOf } from '../ops/health.ts';
import { type Logger, linesDropped } from '../ops/log.ts';
import type { Snapshot } from '../ops/metrics/total.ts';
import { createMetrics } from '../ops/metrics.ts';
import { servedCertificates } from '../ops/served-certificates.ts';
import { watchOpenExchanges } from '../request/open-exchanges.ts';
import { countOpenWebSockets } from '../request/open-web-sockets.ts';
import { warnOfUnlistedProxy } from '../request/unlisted-proxy.ts';
import { requireValidCertificates } from '../settings/rules/new-certificates.ts';
import { requireNoRestart } from '../settings/rules/restart.ts';
import type { Settings } from '../settings/schema/settings.ts';
import { createKeyCompletion } from '../signing/assertion-keys.ts';
import { derivedKey } from '../signing/keys.ts';
import { within } from '../stores/database/deadline.ts';
import { liveTokens } from '../stores/tokens/live-tokens.ts';
import { openAccountPages } from './account-pages.ts';
import { createGeneration, type Generation } from './generation.ts';
import { openIdentification } from './identification.ts';
import { createListeners } from './listeners.ts';
import { type Meters, tellingAlso } from './meters.ts';
import { type Gateway, startWithOpsListener } from './ops-listener.ts';
import { openStores, type ProcessGroup } from './stores.ts';
import { openTracing } from './tracing.ts';

/** One process that answers requests. */
export interface Service extends Pick<Gateway, 'url' | 'decisionsUrl' | 'redirectUrl' | 'reload' | 'close'> {
  readiness(): Readiness;
  keySet(): KeySet | null;
  /** The current values of its metrics. */
  metrics(): Promise<Snapshot>;
  /** Those that it remembers; none without `ops.console`. */
  failures(): Failures;
  /** Reads revocations at once. Call when another process of this gateway has revoked something. */
  readRevocations(): void;
}

/**
 * Starts a gateway that is one process: the service, and the listener for operators.
 *
 * @param shown what the console shows of the configuration
 * @throws as `startService` does
 */
export function startGateway(settings: Settings, log: Logger, shown: ShownConfiguration): Promise<Gateway> {
  return startWithOpsListener(settings.ops, log, shown, async () => {
    const service = await startService(settings, log, null);
    return { ...service, failures: async () => mergedFailures([[null, service.failures()]]) };
  });
}

/** Milliseconds for the last spans: a collector that is out must not delay a restart. */
const LAST_SPANS = 2_000;
/** Milliseconds to close everything after a failed start. */
const FAILED_START_GRACE = 2_000;

/**
 * Builds the service from its settings and starts it: stores, then stages, then the listener. When anything fails, what was
 * opened before is closed again.
 *
 * @param group null when this is the only process
 * @throws OperatorError when a port is taken, a file cannot be written or a module not be loaded; GatewayError when the
 *   database is out
 */
export async function startService(settings: Settings, log: Logger, group: ProcessGroup | null): Promise<Service> {
  const modules = await loadModules(settings.routes);
  await lowerBackgroundThreads();
  // Closes in reverse order.
  const opened = new AsyncDisposableStack();
  // Work to finish before the stores close; runs concurrently.
  const lastWorks: (() => Promise<unknown>)[] = [];
  /** Deadline for closing everything, on the scale of `performance.now()`. */
  let until = 0;
  const left = () => Math.max(0, until - performance.now());

  try {
    const stores = await openStores(settings, log, group);
    opened.defer(() => stores.close(left()));
    const { tokens, revocations, accountCache } = stores;
    const hashing = createHashingQueue(hashingLimits(group?.count ?? 1));
    opened.defer(async () => hashing.close());
    opened.defer(async () => {
      await within(left(), Promise.all(lastWorks.map((finish) => finish()))).catch((error: unknown) => {
        log.error({ err: error }, 'not finished when the gateway ended');
      });
    });
    const identification = await openIdentification(settings, stores, hashing, log);
    lastWorks.push(identification.close);
    const exchanges = watchOpenExchanges(identification.standing, accountCache.findRenewed);
    opened.defer(exchanges.close);

    const optional = stores.redis === null ? [] : [stores.redis.state];
    const assertionLookUps = { hits: 0, misses: 0 };
    const metrics = createMetrics({
      hashing,
      denylist: revocations.mirror,
      clocks: revocations.clocks,
      caches: { credentials: identification.lookUps, accounts: accountCache.lookUps, assertions: assertionLookUps },
      stores: [revocations.database, ...optional],
      linesDropped: () => linesDropped(log),
      certificates: () => servedCertificates(current.settings.listen.tls),
    });
    const tracing = await openTracing(settings.tracing, metrics.spans, log, (name) => current.pathOf(name));
    const failures = settings.ops.console ? rememberFailures() : null;
    let meters: Meters = metrics;
    if (tracing !== null) {
      meters = tellingAlso(meters, tracing.ended);
      lastWorks.push(() => tracing.close(Math.min(left(), LAST_SPANS)));
    }
    if (failures !== null) meters = tellingAlso(meters, failures.add);
    const { signer } = identification;
    const live = liveTokens(tokens, {
      keyIds: signer.keyIds,
      maxLifetime: settings.tokens.maxLifetime,
      cutoffOf: revocations.mirror.cutoffOf,
      now: revocations.clock.now,
    });
    const issue = tokenIssue({
      now: revocations.clock.now,
      sign: signer.sign,
      keyId: signer.keyId,
      record: tokens.record,
      readCutoff: revocations.readCutoff,
      countLive: live.count,
      maxPerAccount: settings.tokens.maxPerAccount,
    });
    let url = '';
    const scopes = () => current.scopes;
    const pages = openAccountPages(settings, {
      stores,
      hashing,
      log,
      issue,
      live,
      scopes,
      byPassword: identification.byPassword,
      loginEnded: identification.standing.ofLogin,
      meter: metrics.authentications,
      url: () => url,
    });
    lastWorks.push(() => pages.close(left()));

    const reporting = createReporting(
      stores.limitLedger,
      group?.count ?? 1,
      stores.redis === null ? () => {} : stores.redis.state.down,
      turnTime,
    );
    lastWorks.push(reporting.close);
    const limitCounts = createLimitCounts(reporting);

    const services = {
      log,
      pages: pages.answer,
      meter: meters.requests,
      beginTrace: tracing?.begin ?? null,
      identify: metered(identification.identify, metrics.authentications),
      exchanges,
      now: revocations.clock.now,
      openUpstreams: sharedUpstreams(log, metrics.group),
      openWebSockets: countOpenWebSockets(),
      limitCounts,
      refusalsBy: metrics.refusalsBy,
      hopCounter: createHopCounter(stores.secrets.map((secret) => derivedKey(secret, 'hops'))),
      noticeUntrustedPeer: warnOfUnlistedProxy(log),
      assertionLookUps,
      tokenEndpoints: tokenEndpoints({
        prefix: settings.api.prefix,
        realm: settings.api.realm,
        lifetime: settings.tokens.lifetime,
        maxLifetime: settings.tokens.maxLifetime,
        scopes,
        issue,
        listLive: live.list,
        revoke: revocations.revoker.token,
        revokeAll: revocations.revoker.account,
      }),
    };
    const complete = createKeyCompletion();
    let current: Generation = createGeneration(complete(settings), modules, services);
    lastWorks.push(() => current.retire());

    const ticketSecret = group?.ticketSecret ?? randomBytes(32);
    const listeners = createListeners(settings, () => current, log, { ...meters, tls: metrics.tls }, ticketSecret);
    opened.defer(async () => listeners.stop());
    const addresses = await listeners.listen(group === null);
    url = addresses.url;

    return {
      ...addresses,
      readiness: () => readinessOf([revocations.database, ...revocations.clocks], optional),
      keySet: () => current.keySet,
      metrics: metrics.snapshot,
      failures: () => failures?.read() ?? NO_FAILURES,
      readRevocations: revocations.readRevocations,
      async reload(read) {
        requireNoRestart(current.settings, read);
        requireValidCertificates(current.settings, read);
        const next = complete(read);
        const nextModules = await loadModules(next.routes);
        const before = current;
        current = createGeneration(next, nextModules, services);
        stores.database.useTls(next.database.tls);
        limitCounts.keepOnly(next.limits);
        listeners.use(next);
        log.level = next.log.level;
        before.retire().catch((error: unknown) => log.error({ err: error }, 'old connections not closed'));
      },
      async close({ delay, timeout } = current.settings.shutdown) {
        until = performance.now() + timeout;
        listeners.drain();
        if (delay > 0) await pause(delay);
        const cut = setTimeout(listeners.cut, left());
        const answered = listeners.close();
        exchanges.goAway();
        await answered;
        clearTimeout(cut);
        await opened.disposeAsync();
      },
    };
  } catch (error) {
    until = performance.now() + FAILED_START_GRACE;
    await opened.disposeAsync();
    throw error;
  }
}
