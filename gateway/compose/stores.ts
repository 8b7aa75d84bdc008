import type { Logger } from '../ops/log.ts';
import { type RevocationService, startRevocations } from '../revocation/revocation-service.ts';
import type { Settings } from '../settings/schema/settings.ts';
import { secretsOf } from '../signing/secrets.ts';
import { type CachedAccounts, cachedAccounts } from '../stores/accounts/cached.ts';
import { openAccounts } from '../stores/accounts/open.ts';
import type { AccountReader } from '../stores/accounts/store.ts';
import { type Database, openDatabase } from '../stores/database/connection.ts';
import { migrate } from '../stores/database/migrate.ts';
import { newSqliteFile } from '../stores/database/sqlite-health.ts';
import type { ProcessRole, SharedRedis } from '../stores/redis/limiter.ts';
import { sqlTokenStore, type TokenStore } from '../stores/tokens/store.ts';

/** The processes of this gateway, this one included. The first has already prepared the stores. */
export interface Siblings {
  /** How many there are, this one included. */
  readonly count: number;
  /** Tells the others to read revocations. */
  tellRevoked(): void;
}

/** The stores of a process, with their caches. */
export interface Stores {
  readonly database: Database;
  readonly accounts: AccountReader;
  /** The same accounts, from memory for `accounts.cache`. */
  readonly knownAccounts: CachedAccounts;
  readonly tokens: TokenStore;
  readonly revocations: RevocationService;
  /** The token secrets. */
  readonly secrets: readonly string[];
  /** null when no Redis is configured. */
  readonly redis: SharedRedis | null;
  readonly role: ProcessRole;
  /** Lets queries under way end within `ms` milliseconds. */
  close(ms: number): Promise<void>;
}

/**
 * Opens the stores of a process. Resolves when it knows what is revoked.
 *
 * @param siblings null where this process is all there is: then it brings the database to the current schema
 * @throws OperatorError when the secret cannot be kept or an application's table is not as it should be; GatewayError when
 *   the database is out. Nothing is open then
 */
export async function openStores(settings: Settings, log: Logger, siblings: Siblings | null): Promise<Stores> {
  const made = newSqliteFile(settings.database.url);
  const database = openDatabase(settings.database.url, settings.database);
  if (made !== null) log.warn({ file: made }, 'new database made, without accounts: there was no such file');
  try {
    if (siblings === null) await migrate(database);
    const secrets = secretsOf(settings);
    const accounts = await openAccounts(database, settings.accounts);
    const knownAccounts = cachedAccounts(accounts.findById, settings.accounts.cache);
    const tellRevoked = siblings === null ? () => {} : siblings.tellRevoked;
    const revocations = await startRevocations(database, settings, log, knownAccounts.forget, tellRevoked);
    return {
      database,
      accounts,
      knownAccounts,
      tokens: sqlTokenStore(database),
      revocations,
      secrets,
      redis: revocations.redis && { ...revocations.redis, keyPrefix: settings.redis.keyPrefix },
      role: siblings === null ? 'alone' : 'worker',
      async close(ms) {
        revocations.close();
        await database.close(ms);
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}
