import { setTimeout as pause } from 'node:timers/promises';
import { openAccountPages } from './account-pages.ts';
import { cachedAccounts } from './accounts/cached.ts';
import { createHashingQueue, hashingLimits } from './accounts/hashing-queue.ts';
import { decoyFor, openAccounts } from './accounts/open.ts';
import { passwordChecker } from './accounts/password.ts';
import { sqlAccountStore } from './accounts/store.ts';
import { createThrottle } from './accounts/throttle.ts';
import { hashUpgrade } from './accounts/upgrade.ts';
import { tokenIssue } from './control/issue-token.ts';
import { tokenEndpoints } from './control/token-endpoints.ts';
import { openDatabase } from './database/connection.ts';
import { migrate } from './database/migrate.ts';
import { GatewayError, storeUnavailable } from './errors.ts';
import { loadModules } from './forward/intercept-modules.ts';
import { sharedUpstreams } from './forward/upstreams.ts';
import { createGeneration, type Generation } from './generation.ts';
import { createIdentify } from './identify/identify.ts';
import { metered } from './identify/metered.ts';
import { passwordIdentifier, provenPassword } from './identify/password.ts';
import { tokenIdentifier } from './identify/token.ts';
import { verifiedCredentials } from './identify/verified.ts';
import { lowerBackgroundThreads } from './ops/background-threads.ts';
import { createHealth, type Readiness, readinessOf } from './ops/health.ts';
import { closed, listen } from './ops/listen.ts';
import type { Logger } from './ops/log.ts';
import { type Snapshot, textOf } from './ops/metrics/total.ts';
import { createMetrics } from './ops/metrics.ts';
import { createListener } from './request/listener.ts';
import { watchOpenExchanges } from './request/open-exchanges.ts';
import { requireNoRestart } from './settings/restart.ts';
import type { Settings } from './settings/schema.ts';
import { trackLastUsed } from './tokens/last-used.ts';
import { startRevocations } from './tokens/revocation-service.ts';
import { secretsOf } from './tokens/secret-file.ts';
import { sqlTokenStore } from './tokens/store.ts';
import { tokenSigner } from './tokens/token.ts';

/** One process that answers requests. */
export interface Service {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readiness(): Readiness;
  /** What it has counted and measured up to now. */
  metrics(): Promise<Snapshot>;
  /**
   * Takes over what a new state of the configuration says, for every request from now on.
   *
   * @throws OperatorError that names what only a restart can change, or a module that cannot be loaded; nothing is
   *   changed then
   */
  reload(settings: Settings): Promise<void>;
  /** Reads at once what has been revoked: another process of this gateway says that something was. */
  lookForRevocations(): void;
  /**
   * Takes requests for the delay, then answers what is under way, ends WebSockets with 1001, and cuts what is left when
   * the timeout is over.
   */
  close(shutdown?: Settings['shutdown']): Promise<void>;
}

/** The processes that are one gateway with this one; the first of them has made the stores ready. */
export interface Siblings {
  /** How many there are, this one included. */
  readonly count: number;
  /** Has the others look for revocations. */
  tellRevoked(): void;
}

export interface Gateway extends Pick<Service, 'url' | 'reload' | 'close'> {
  readonly opsUrl: string;
}

/**
 * Starts a gateway that is one process: the service, and the listener for operators. From the beginning of `close` on, it
 * is not ready.
 *
 * @throws as `startService` does
 */
export async function startGateway(settings: Settings, log: Logger): Promise<Gateway> {
  let readiness = (): Readiness => ({ status: 'starting', unavailable: [] });
  let snapshots = async (): Promise<Snapshot[]> => [];
  const health = createHealth(
    () => readiness(),
    async () => await textOf(await snapshots()),
    log,
  );
  const opsUrl = await listen(health.server, 'ops', settings.ops);
  const closeOps = async () => {
    health.server.closeAllConnections();
    await closed(health.server);
  };
  try {
    const service = await startService(settings, log, null);
    readiness = service.readiness;
    snapshots = async () => [await service.metrics()];
    return {
      url: service.url,
      opsUrl,
      reload: service.reload,
      async close(shutdown) {
        health.beginShutdown();
        await service.close(shutdown);
        await closeOps();
      },
    };
  } catch (error) {
    await closeOps();
    throw error;
  }
}

/**
 * Builds the service from its settings and starts it: stores, then stages, then the listener. The only place that
 * constructs services. When anything fails, what was opened before is closed again.
 *
 * @param siblings null where this process is all there is
 * @throws OperatorError when a port is taken, a file cannot be written or a module not be loaded; GatewayError when the
 *   database is out
 */
export async function startService(settings: Settings, log: Logger, siblings: Siblings | null): Promise<Service> {
  const modules = await loadModules(settings.routes);
  const database = openDatabase(settings.database.url, settings.database);
  const closers: (() => void)[] = [];
  const closeStores = async () => {
    for (const close of closers) close();
    await database.close();
  };

  try {
    if (siblings === null) await migrate(database);
    await lowerBackgroundThreads();
    const accounts = await openAccounts(database, settings.accounts);
    const knownAccounts = cachedAccounts(accounts.findById, settings.accounts.cache);
    const tellRevoked = siblings === null ? () => {} : siblings.tellRevoked;
    const revocations = await startRevocations(database, settings, log, knownAccounts.forget, tellRevoked);
    closers.push(revocations.close);
    const { mirror, revoker } = revocations;
    const tokens = sqlTokenStore(database);
    const secrets = secretsOf(settings);
    const signer = tokenSigner({ secrets, maxLifetime: settings.tokens.maxLifetime });

    const { redis } = revocations;
    const role = siblings === null ? 'alone' : 'worker';
    const throttle = createThrottle(
      settings.accounts.throttle,
      redis && { ...redis, keyPrefix: settings.redis.keyPrefix },
      role,
    );
    const hashing = createHashingQueue(hashingLimits(siblings?.count ?? 1));
    const findAccountById = knownAccounts.findById;
    const verified = verifiedCredentials();
    const byPassword = passwordIdentifier({
      findAccount: accounts.findByEmail,
      findAccountById,
      checkPassword: passwordChecker(await decoyFor(database, settings.accounts)),
      takeTry: throttle.take,
      inTurn: hashing.run,
      // The table of an application is read only, its hashes too.
      onProven:
        settings.accounts.table === undefined
          ? hashUpgrade(sqlAccountStore(database), settings.accounts.passwordCost, hashing, log)
          : () => {},
    });
    const lastUsed = trackLastUsed(database);
    const identify = createIdentify({
      verified,
      byPassword,
      byProvenPassword: provenPassword({ findAccountById }),
      verifyToken: signer.verify,
      byToken: tokenIdentifier({
        findAccountById,
        isBoundTo: signer.isBoundTo,
        isDenied: mirror.isDenied,
        voidBefore: mirror.voidBefore,
        used: lastUsed.note,
        requireFresh: () => {
          const age = mirror.age();
          if (age > settings.tokens.maxStaleness) throw staleMirror(age);
        },
      }),
    });
    const exchanges = watchOpenExchanges((identity) => {
      if (identity.by !== 'token') return true;
      const { jti, accountId, issuedAt, expiresAt } = identity.token;
      const isVoid = mirror.isDenied(jti) || issuedAt * 1000 < mirror.voidBefore(accountId);
      return !isVoid && expiresAt * 1000 > Date.now();
    });
    closers.push(exchanges.close);
    const optional = redis === null ? [] : [redis.state];
    const metrics = createMetrics({
      hashing,
      denylist: mirror,
      caches: { credentials: verified.lookUps, accounts: knownAccounts.lookUps },
      stores: [revocations.database, ...optional],
    });
    const issue = tokenIssue({ sign: signer.sign, record: tokens.record, voidBefore: revocations.voidBefore });
    let url = '';
    const pages = openAccountPages(settings, {
      database,
      revocations,
      secrets,
      hashing,
      role,
      log,
      async checkPassword(email, password, asked) {
        const proving = byPassword(email, password, asked.client).then(({ outcome }) => outcome);
        proving.then(metrics.authentications.decided, metrics.authentications.failed);
        const outcome = await proving;
        if (outcome.kind === 'found') return outcome.identity.account;
        const reason = outcome.kind === 'refused' ? outcome.reason : 'no credentials';
        asked.onFailure(new GatewayError('unauthorized', reason));
        return null;
      },
      // Not from memory: what another node has changed must neither leave a session good nor end a new one.
      findAccountById: accounts.findById,
      forget: knownAccounts.forget,
      tokens: {
        issue,
        async listLive(accountId) {
          const live = await tokens.listLive(accountId, Date.now());
          return live.map(({ jti, ...token }) => ({ id: jti, ...token }));
        },
      },
      url: () => url,
    });
    const services = {
      log,
      pages: pages.answer,
      meter: metrics.requests,
      identify: metered(identify, metrics.authentications),
      exchanges,
      openUpstreams: sharedUpstreams(log, metrics.group),
      tokenEndpoints: tokenEndpoints({
        prefix: settings.api.prefix,
        realm: settings.api.realm,
        lifetime: settings.tokens.lifetime,
        maxLifetime: settings.tokens.maxLifetime,
        issue,
        listLive: tokens.listLive,
        revoke: revoker.token,
        revokeAll: revoker.account,
      }),
    };
    let current: Generation = createGeneration(settings, modules, services);

    const listener = createListener({
      log,
      onRequest: (req, res) => current.onRequest(req, res),
      onUpgrade: (req, socket, head) => current.onUpgrade(req, socket, head),
      timeouts: settings.timeouts,
    });
    url = await listen(listener.server, 'listen', settings.listen);

    return {
      url,
      readiness: () => readinessOf([revocations.database], optional),
      metrics: metrics.snapshot,
      lookForRevocations: revocations.lookNow,
      async reload(next) {
        requireNoRestart(current.settings, next);
        const nextModules = await loadModules(next.routes);
        const before = current;
        current = createGeneration(next, nextModules, services);
        listener.setTimeouts(next.timeouts);
        log.level = next.log.level;
        before.retire().catch((error: unknown) => log.error({ err: error }, 'old connections not closed'));
      },
      async close({ delay, timeout } = current.settings.shutdown) {
        const end = performance.now() + timeout;
        listener.drain();
        if (delay > 0) await pause(delay);
        const cut = setTimeout(() => {
          listener.server.closeAllConnections();
          listener.cutTunnels();
        }, timeout - delay);
        const answered = closed(listener.server);
        exchanges.goAway();
        await answered;
        clearTimeout(cut);
        await current.retire();
        await pages.close(Math.max(0, Math.min(MAIL_GRACE, end - performance.now())));
        await lastUsed.close();
        await closeStores();
      },
    };
  } catch (error) {
    await closeStores();
    throw error;
  }
}

/** Milliseconds for the mails that are under way, when everything else is done; less where the end is near. */
const MAIL_GRACE = 2_000;

/** Neither the database nor Redis has said for too long what is revoked. */
function staleMirror(age: number): GatewayError {
  return storeUnavailable('database', new Error(`revocations unknown for ${Math.round(age)} ms`));
}
