import cluster from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { extname, join } from 'node:path';
import { type Gateway, startWithOpsListener } from '../../compose/ops-listener.ts';
import type { ShownConfiguration } from '../../ops/console/console.ts';
import type { Logger } from '../../ops/log.ts';
import { removeStaleSocket } from '../../ops/stale-socket.ts';
import { requireValidCertificates } from '../../settings/rules/new-certificates.ts';
import { requireNoRestart } from '../../settings/rules/restart.ts';
import { requestListeners } from '../../settings/schema/request-listeners.ts';
import type { Settings } from '../../settings/schema/settings.ts';
import { createKeyCompletion, publishedKeys } from '../../signing/assertion-keys.ts';
import { secretsOf } from '../../signing/secrets.ts';
import { openDatabase } from '../../stores/database/connection.ts';
import { migrate } from '../../stores/database/migrate.ts';
import { newSqliteFile } from '../../stores/database/sqlite-health.ts';
import { countForWorkers } from '../../stores/redis/limiter.ts';
import { nodeArguments } from '../node-flags.ts';
import { startWorkers } from './supervisor.ts';

/** TypeScript in a checkout, JavaScript in the package, as this file. */
const WORKER = join(import.meta.dirname, `worker${extname(import.meta.filename)}`);

/**
 * Starts a gateway of several processes: this one, the primary, serves the ops listener and supervises the workers, which
 * serve requests.
 *
 * @param file the path of the configuration as the operator gave it
 * @param shown what the console shows of the configuration
 * @param count the number of workers
 * @throws OperatorError with the reason when a worker cannot start or the ops port is taken; GatewayError when the
 *   database does not answer
 */
export function startPrimary(
  file: string,
  settings: Settings,
  log: Logger,
  shown: ShownConfiguration,
  count: number,
): Promise<Gateway> {
  return startWithOpsListener(settings.ops, log, shown, async () => {
    let current = settings;
    const secrets = await prepareStores(settings, log);
    /** Passes what was read at start: if the generated files are deleted later, new workers must not generate others. */
    const complete = createKeyCompletion();
    const withSecrets = (one: Settings): Settings => ({ ...complete(one), tokens: { ...one.tokens, secrets } });
    await freeSockets(settings);
    countForWorkers();
    cluster.setupPrimary({ exec: WORKER, args: [], execArgv: nodeArguments(), serialization: 'advanced' });
    const workers = await startWorkers(
      { file, settings: withSecrets(settings), count, ticketSecret: randomBytes(32) },
      log,
    );
    return {
      ...workers,
      keySet() {
        const { assertion } = complete(current);
        return assertion === undefined ? null : publishedKeys(assertion.keys);
      },
      async reload(next) {
        requireNoRestart(current, next);
        requireValidCertificates(current, next);
        current = next;
        log.level = next.log.level;
        await workers.reload(withSecrets(next));
      },
      close: (shutdown = current.shutdown) => workers.stop(shutdown),
    };
  });
}

/** Migrates the database and creates the secret once, before the workers start. @returns the token secrets */
async function prepareStores(settings: Settings, log: Logger): Promise<string[]> {
  const created = newSqliteFile(settings.database.url);
  const database = openDatabase(settings.database.url, settings.database);
  if (created !== null) log.warn({ file: created }, 'the database file did not exist: created an empty one');
  try {
    await migrate(database);
    return secretsOf(settings);
  } finally {
    await database.close();
  }
}

/** A worker could not tell the socket of another worker from one that was left behind. */
async function freeSockets(settings: Settings): Promise<void> {
  for (const { name, address } of requestListeners(settings)) {
    if ('path' in address) await removeStaleSocket(name, address.path);
  }
}
