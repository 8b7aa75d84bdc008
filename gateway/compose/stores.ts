import type { Logger } from '../ops/log.ts';
import { FEED_BLOCK } from '../revocation/feed.ts';
import { startHousekeeping } from '../revocation/housekeeping.ts';
import { type RevocationService, startRevocations } from '../revocation/revocation-service.ts';
import type { RedisLocation } from '../settings/schema/redis-url.ts';
import type { Settings } from '../settings/schema/settings.ts';
import { secretsOf } from '../signing/secrets.ts';
import { type CachedAccounts, cachedAccounts } from '../stores/accounts/cached.ts';
import { openAccounts } from '../stores/accounts/open.ts';
import type { AccountReader } from '../stores/accounts/store.ts';
import { type Database, openDatabase } from '../stores/database/connection.ts';
import { migrate } from '../stores/database/migrate.ts';
import { newSqliteFile } from '../stores/database/sqlite-health.ts';
import type { Ledger } from '../stores/limits/ledger.ts';
import { redisLedger } from '../stores/limits/redis-ledger.ts';
import type { ProcessRole, SharedRedis } from '../stores/redis/limiter.ts';
import type { OpenRedis } from '../stores/redis/open.ts';
import { redisSessionStore } from '../stores/sessions/redis-sessions.ts';
import type { SessionStore } from '../stores/sessions/session-store.ts';
import { sqlSessionStore } from '../stores/sessions/sql-sessions.ts';
import { sqlTokenStore, type TokenStore } from '../stores/tokens/store.ts';

/** The processes of this gateway, this one included. The first has already prepared the stores. */
export interface ProcessGroup {
  /** The number of processes, this one included. */
  readonly count: number;
  /** Settles reports of limits in the process that counts for all. */
  readonly limitLedger: Ledger;
  /** 32 random bytes that all processes share, for the keys of TLS session tickets. */
  readonly ticketSecret: Uint8Array;
  /** Has the other processes read revocations: this one has revoked something. */
  announceRevocation(): void;
}

/** The stores of a process, with their caches. */
export interface Stores {
  readonly database: Database;
  readonly accounts: AccountReader;
  /** The same accounts, cached for `accounts.cache`. */
  readonly accountCache: CachedAccounts;
  readonly tokens: TokenStore;
  /** In Redis where there is one, else in the database. */
  readonly sessions: SessionStore;
  readonly revocations: RevocationService;
  /** The token secrets. */
  readonly secrets: readonly string[];
  /** null when no Redis is configured. */
  readonly redis: SharedRedis | null;
  readonly role: ProcessRole;
  /** Where processes share the limits of requests; null: this process is the only one. */
  readonly limitLedger: Ledger | null;
  /** Lets queries under way end within `ms` milliseconds. */
  close(ms: number): Promise<void>;
}

/**
 * Opens the stores of a process. Resolves when all revocations are read.
 *
 * @param group null for a single process, which then migrates the database itself
 * @throws OperatorError when the secret cannot be stored or an application's table does not fit; GatewayError when the
 *   database is out. Everything is closed again then
 */
export async function openStores(settings: Settings, log: Logger, group: ProcessGroup | null): Promise<Stores> {
  const created = newSqliteFile(settings.database.url);
  const database = openDatabase(settings.database.url, settings.database);
  if (created !== null) log.warn({ file: created }, 'the database file did not exist: created an empty one');
  const { url } = settings.redis;
  const redis = url === null ? null : await connect(url, settings, log);
  try {
    if (group === null) await migrate(database);
    const secrets = secretsOf(settings);
    const accounts = await openAccounts(database, settings.accounts);
    const accountCache = cachedAccounts(accounts.findById, settings.accounts.cache);
    const announceRevocation = group === null ? () => {} : group.announceRevocation;
    const revocations = await startRevocations(database, redis, settings, log, accountCache.forget, announceRevocation);
    const tokens = sqlTokenStore(database);
    const sqlSessions = sqlSessionStore(database, revocations.clock);
    const stopHousekeeping = startHousekeeping({ database, tokens, sessions: sqlSessions, revocations });
    return {
      database,
      accounts,
      accountCache,
      tokens,
      sessions: redis === null ? sqlSessions : redisSessionStore(redis.client, redis.keyPrefix),
      revocations,
      secrets,
      redis,
      role: group === null ? 'alone' : 'worker',
      limitLedger: redis === null ? (group?.limitLedger ?? null) : redisLedger(redis),
      async close(ms) {
        stopHousekeeping();
        revocations.close();
        redis?.close();
        await database.close(ms);
      },
    };
  } catch (error) {
    redis?.close();
    await database.close();
    throw error;
  }
}

/** Its library is loaded on demand: a gateway without Redis starts faster, and so do the commands. */
async function connect(location: RedisLocation, { redis }: Settings, log: Logger): Promise<OpenRedis> {
  const { openRedis } = await import('../stores/redis/open.ts');
  return openRedis(location, redis, FEED_BLOCK, log);
}
