import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { cachedAccounts } from './accounts/cached.ts';
import { createHashingQueue, HASHING_LIMITS } from './accounts/hashing-queue.ts';
import { decoyFor, openAccounts } from './accounts/open.ts';
import { passwordChecker } from './accounts/password.ts';
import { sqlAccountStore } from './accounts/store.ts';
import { createThrottle } from './accounts/throttle.ts';
import { hashUpgrade } from './accounts/upgrade.ts';
import { tokenEndpoints } from './control/token-endpoints.ts';
import { openDatabase } from './database/connection.ts';
import { migrate } from './database/migrate.ts';
import { type GatewayError, OperatorError, storeUnavailable } from './errors.ts';
import { sharedUpstreams } from './forward/upstreams.ts';
import { createGeneration, type Generation } from './generation.ts';
import { createIdentify } from './identify/identify.ts';
import { passwordIdentifier, provenPassword } from './identify/password.ts';
import { tokenIdentifier } from './identify/token.ts';
import { verifiedCredentials } from './identify/verified.ts';
import { lowerBackgroundThreads } from './ops/background-threads.ts';
import { createHealth } from './ops/health.ts';
import type { Logger } from './ops/log.ts';
import { createListener } from './request/listener.ts';
import { watchOpenExchanges } from './request/open-exchanges.ts';
import { requireNoRestart } from './settings/restart.ts';
import type { Settings } from './settings/schema.ts';
import { startRevocations } from './tokens/revocation-service.ts';
import { generatedSecret } from './tokens/secret-file.ts';
import { sqlTokenStore } from './tokens/store.ts';
import { tokenSigner } from './tokens/token.ts';

export interface Gateway {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly opsUrl: string;
  /**
   * Takes over what a new state of the configuration says, for every request from now on.
   *
   * @throws OperatorError that names what only a restart can change; nothing is changed then
   */
  reload(settings: Settings): Promise<void>;
  /**
   * Not ready from now on, takes requests for the delay, then answers what is under way, ends WebSockets with 1001, and
   * cuts what is left when the timeout is over.
   */
  close(shutdown?: Settings['shutdown']): Promise<void>;
}

/**
 * Builds the gateway from its settings and starts it: stores, then stages, then listeners. The only place that
 * constructs services. When anything fails, what was opened before is closed again.
 *
 * @throws OperatorError when a port is taken or a file cannot be written; GatewayError when the database is out
 */
export async function startGateway(settings: Settings, log: Logger): Promise<Gateway> {
  const database = openDatabase(settings.database.url, settings.database);
  const servers: Server[] = [];
  const closers: (() => void)[] = [];
  const closeStores = async () => {
    for (const close of closers) close();
    await database.close();
  };

  try {
    await migrate(database);
    await lowerBackgroundThreads();
    const accounts = await openAccounts(database, settings.accounts);
    const knownAccounts = cachedAccounts(accounts.findById, settings.accounts.cache);
    const revocations = await startRevocations(database, settings, log, knownAccounts.forget);
    closers.push(revocations.close);
    const { mirror, revoker } = revocations;
    const tokens = sqlTokenStore(database);
    const signer = tokenSigner({ secrets: secretsOf(settings), maxLifetime: settings.tokens.maxLifetime });

    const { redis } = revocations;
    const throttle = createThrottle(
      settings.accounts.throttle,
      redis && { ...redis, keyPrefix: settings.redis.keyPrefix },
    );
    const hashing = createHashingQueue(HASHING_LIMITS);
    const findAccountById = knownAccounts.findById;
    const identify = createIdentify({
      verified: verifiedCredentials(),
      byPassword: passwordIdentifier({
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
      }),
      byProvenPassword: provenPassword({ findAccountById }),
      verifyToken: signer.verify,
      byToken: tokenIdentifier({
        findAccountById,
        isBoundTo: signer.isBoundTo,
        isDenied: mirror.isDenied,
        voidBefore: mirror.voidBefore,
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
    const services = {
      log,
      identify,
      exchanges,
      openUpstreams: sharedUpstreams(log, () => {}),
      tokenEndpoints: tokenEndpoints({
        prefix: settings.api.prefix,
        realm: settings.api.realm,
        lifetime: settings.tokens.lifetime,
        maxLifetime: settings.tokens.maxLifetime,
        sign: signer.sign,
        record: tokens.record,
        listLive: tokens.listLive,
        voidBefore: revocations.voidBefore,
        revoke: revoker.token,
        revokeAll: revoker.account,
      }),
    };
    let current: Generation = createGeneration(settings, services);

    const health = createHealth([revocations.database], redis === null ? [] : [redis.state]);
    const listener = createListener({
      log,
      onRequest: (req, res) => current.onRequest(req, res),
      onUpgrade: (req, socket, head) => current.onUpgrade(req, socket, head),
      timeouts: settings.timeouts,
    });
    servers.push(health.server, listener.server);
    const opsUrl = await listen(health.server, 'ops', settings.ops);
    const url = await listen(listener.server, 'listen', settings.listen);

    return {
      url,
      opsUrl,
      async reload(next) {
        requireNoRestart(current.settings, next);
        const before = current;
        current = createGeneration(next, services);
        listener.setTimeouts(next.timeouts);
        log.level = next.log.level;
        before.retire().catch((error: unknown) => log.error({ err: error }, 'old connections not closed'));
      },
      async close({ delay, timeout } = current.settings.shutdown) {
        health.beginShutdown();
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
        health.server.closeAllConnections();
        await closed(health.server);
        await current.retire();
        await closeStores();
      },
    };
  } catch (error) {
    for (const server of servers) server.close();
    await closeStores();
    throw error;
  }
}

/** Another program listens where the gateway was to. */
export class PortTaken extends OperatorError {
  readonly setting: 'listen' | 'ops';

  constructor(setting: 'listen' | 'ops', host: string, port: number) {
    super(`${setting}: port ${port} of ${host} is in use by another program. Set ${setting}.port to a free one.`);
    this.setting = setting;
  }
}

/** Neither the database nor Redis has said for too long what is revoked. */
function staleMirror(age: number): GatewayError {
  return storeUnavailable('database', new Error(`revocations unknown for ${Math.round(age)} ms`));
}

function secretsOf({ tokens, database }: Settings): readonly string[] {
  if (tokens.secrets.length > 0) return tokens.secrets;
  if (database.url.kind === 'sqlite') return [generatedSecret(database.url.file)];
  throw new OperatorError('tokens.secrets: MySQL needs a secret of 32 bytes or more that every node shares');
}

/** @throws OperatorError that names the setting and the address */
function listen(
  server: Server,
  setting: 'listen' | 'ops',
  { host, port }: { host: string; port: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') reject(new PortTaken(setting, host, port));
      else
        reject(
          new OperatorError(
            `${setting}: cannot listen on ${host}:${port}: ${error.message}. Set ${setting}.host and ${setting}.port.`,
          ),
        );
    };
    server.once('error', fail);
    server.listen({ host, port }, () => {
      server.off('error', fail);
      const address = server.address() as AddressInfo;
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      resolve(`http://${name}:${address.port}`);
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
