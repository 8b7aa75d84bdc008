import packageVersion from '../../package.json' with { type: 'json' };
import { type KeySet, keySetAnswer } from '../http/key-set.ts';
import { createConsole, type ShownConfiguration } from '../ops/console/console.ts';
import { mergedFailures, type SeenFailures } from '../ops/console/failures.ts';
import { createHealth, type Readiness } from '../ops/health.ts';
import { closed, listen } from '../ops/listen.ts';
import type { Logger } from '../ops/log.ts';
import { type Snapshot, textOf } from '../ops/metrics/total.ts';
import { listenAddress } from '../settings/schema/listener-options.ts';
import type { Settings } from '../settings/schema/settings.ts';

/** A running gateway, of one process or several. */
export interface Gateway {
  /** The URL it listens on, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly opsUrl: string;
  /** Where other proxies ask, such as `http://127.0.0.1:8082` or `unix:/run/gatehouse/decisions.sock`; null: nowhere. */
  readonly decisionsUrl: string | null;
  /** Where http is sent to https; null without `listen.redirect`. */
  readonly redirectUrl: string | null;
  /**
   * Applies a new configuration to all requests from now on.
   *
   * @throws OperatorError that names what only a restart can change, or a module that cannot be loaded; nothing is
   *   changed then
   */
  reload(settings: Settings): Promise<void>;
  /**
   * Takes requests for the delay, then answers what is under way, ends WebSockets with 1001, and cuts what is left when
   * the timeout is over.
   */
  close(shutdown?: Settings['shutdown']): Promise<void>;
}

/** The part of a gateway that answers requests and reports its state. */
export interface AnsweringGateway extends Omit<Gateway, 'opsUrl'> {
  readiness(): Readiness | Promise<Readiness>;
  /** The published keys of assertions; null: none are configured. */
  keySet(): KeySet | null;
  /** All metrics, over all processes. */
  metrics(): Promise<Snapshot>;
  /** The failures that the console shows. */
  failures(): Promise<SeenFailures>;
}

const STARTING: Readiness = { status: 'starting', unavailable: [] };

/**
 * Opens the listener for operators, and behind it what answers requests: that a gateway is only starting can be seen. From
 * the beginning of `close` on, it is not ready.
 *
 * @param shown what the console shows of the configuration
 * @param start what it throws, this throws, with the listener closed again
 * @throws OperatorError when the port is taken
 */
export async function startWithOpsListener(
  where: Settings['ops'],
  log: Logger,
  shown: ShownConfiguration,
  start: () => Promise<AnsweringGateway>,
): Promise<Gateway> {
  let answering: AnsweringGateway | null = null;
  const metrics = async () => (await answering?.metrics()) ?? [];
  const consoleOf = () =>
    createConsole(
      {
        metrics,
        failures: async () => (await answering?.failures()) ?? mergedFailures([]),
        async present() {
          const { version } = packageVersion;
          return { version, configuration: shown.read(), readiness: await health.state() };
        },
        explain: shown.explain,
      },
      where.host,
      log,
    );
  const console = where.console ? consoleOf() : null;
  const health = createHealth(
    async () => (await answering?.readiness()) ?? STARTING,
    async () => await textOf([await metrics()]),
    (ifNoneMatch) => {
      const keySet = answering?.keySet() ?? null;
      return keySet === null ? null : keySetAnswer(keySet, ifNoneMatch);
    },
    console,
    log,
  );
  const opsUrl = await listen(health.server, 'ops', listenAddress('ops', where), true);
  const closeOps = async () => {
    console?.close();
    health.server.closeAllConnections();
    await closed(health.server);
  };
  try {
    const started = await start();
    answering = started;
    return {
      url: started.url,
      decisionsUrl: started.decisionsUrl,
      redirectUrl: started.redirectUrl,
      opsUrl,
      reload: started.reload,
      async close(shutdown) {
        health.beginShutdown();
        await started.close(shutdown);
        await closeOps();
      },
    };
  } catch (error) {
    await closeOps();
    throw error;
  }
}
