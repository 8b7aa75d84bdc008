import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import type { Gateway } from '../../compose.ts';
import { openDatabase } from '../../database/connection.ts';
import { migrate } from '../../database/migrate.ts';
import { createHealth, type Readiness } from '../../ops/health.ts';
import { closed, listen } from '../../ops/listen.ts';
import type { Logger } from '../../ops/log.ts';
import { countForWorkers } from '../../redis/limiter.ts';
import { requireNoRestart } from '../../settings/restart.ts';
import type { Settings } from '../../settings/schema.ts';
import { secretsOf } from '../../tokens/secret-file.ts';
import { startWorkers, type Workers } from './supervisor.ts';

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));

/**
 * Starts a gateway of several processes: this one, which answers the operators and looks after the others, and the
 * workers, which answer requests.
 *
 * @param file the configuration, as the operator named it
 * @param count how many workers
 * @throws OperatorError with the reason when a worker cannot start or the ops port is taken; GatewayError when the
 *   database is out
 */
export async function startPrimary(file: string, settings: Settings, log: Logger, count: number): Promise<Gateway> {
  let current = settings;
  let workers: Workers | null = null;
  const health = createHealth(
    async () => (await workers?.readiness()) ?? STARTING,
    async () => (await workers?.metricsText()) ?? '',
    log,
  );
  const opsUrl = await listen(health.server, 'ops', settings.ops);
  const closeOps = async () => {
    health.server.closeAllConnections();
    await closed(health.server);
  };

  try {
    const secrets = await prepareStores(settings);
    /** A file that is lost while the gateway runs must not give later workers another secret. */
    const withSecrets = (one: Settings): Settings => ({ ...one, tokens: { ...one.tokens, secrets } });
    countForWorkers();
    cluster.setupPrimary({ exec: WORKER, args: [], serialization: 'advanced' });
    const started = await startWorkers({ file, settings: withSecrets(settings), count }, log);
    workers = started;
    return {
      url: started.url,
      opsUrl,
      async reload(next) {
        requireNoRestart(current, next);
        current = next;
        log.level = next.log.level;
        await started.reload(withSecrets(next));
      },
      async close(shutdown = current.shutdown) {
        health.beginShutdown();
        await started.stop(shutdown);
        await closeOps();
      },
    };
  } catch (error) {
    await closeOps();
    throw error;
  }
}

const STARTING: Readiness = { status: 'starting', unavailable: [] };

/** What must be done once, before several processes begin at the same time. @returns the token secrets */
async function prepareStores(settings: Settings): Promise<string[]> {
  const database = openDatabase(settings.database.url, settings.database);
  try {
    await migrate(database);
    return secretsOf(settings);
  } finally {
    await database.close();
  }
}
