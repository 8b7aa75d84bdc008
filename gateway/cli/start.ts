import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import type { Gateway } from '../compose/ops-listener.ts';
import type { ShownConfiguration } from '../ops/console/console.ts';
import { createLog, createSharedLog, type Logger } from '../ops/log.ts';
import { inheritsSockets } from '../ops/socket-descriptors.ts';
import { loadSettings } from '../settings/read/load.ts';
import type { Settings } from '../settings/schema/settings.ts';
import { watchCertificates } from './certificate-watch.ts';
import { configOption } from './config-option.ts';
import { nodeArguments } from './node-flags.ts';
import { sendOutputToLog } from './output-to-log.ts';
import { endWithParent } from './parent.ts';
import { createReloader, seeFiles } from './reload.ts';
import { showConfiguration } from './shown-configuration.ts';
import { warnOfWeakHashes } from './warn-of-weak-hashes.ts';
import { explained } from './with-database.ts';

export function startCommand(): Command {
  return new Command('start')
    .description('Run the gateway.')
    .addOption(configOption())
    .addOption(
      new Option('--demo', 'run with an example upstream and a demo account, on loopback only').conflicts('config'),
    )
    .action(async ({ config, demo }: { config: string; demo?: boolean }) => {
      const signal = nextSignal();
      endWithParent();
      await closeOn(signal, await (demo ? startDemo() : startConfigured(config)));
    });
}

interface Running {
  close(): Promise<void>;
  log: Logger;
}

// Imported on demand: the other commands start faster without the gateway.
async function startDemo(): Promise<Running> {
  const demo = await import('./demo.ts');
  return await demo.startDemo();
}

async function startConfigured(file: string): Promise<Running> {
  // Registered first: without a listener, SIGHUP ends the process.
  let isHangupDue = false;
  let onHangup = () => {
    isHangupDue = true;
  };
  process.on('SIGHUP', () => onHangup());
  const before = seeFiles(file);
  const settings = loadSettings(file, process.env);
  const workers = settings.workers === 'auto' ? availableParallelism() : settings.workers;
  const log = workers > 1 ? createSharedLog(settings.log) : createLog(settings.log);
  sendOutputToLog(log);
  warnOfWeakHashes(settings.accounts, log);
  warnOfMissingFlags(log);
  const shown = showConfiguration(file, settings);
  const starting = workers > 1 ? startPrimary(file, settings, log, shown, workers) : startSingle(settings, log, shown);
  const gateway = await starting.catch((error: unknown) => {
    throw explained(`database.url of ${file}`, error);
  });
  const { url, opsUrl, decisionsUrl, redirectUrl } = gateway;
  const others = {
    ...(decisionsUrl !== null && { decisions: decisionsUrl }),
    ...(redirectUrl !== null && { redirect: redirectUrl }),
  };
  log.info(
    { url, ops: opsUrl, ...others, routes: settings.routes.length, ...(workers > 1 && { workers }) },
    'listening',
  );
  const certificates = watchCertificates(settings, log);
  const reloader = createReloader(file, settings, before, log, async (next) => {
    await gateway.reload(next);
    certificates.use(next);
    shown.use(next);
  });
  onHangup = () => void reloader.reload();
  if (isHangupDue) onHangup();
  return {
    log,
    close() {
      reloader.stop();
      certificates.stop();
      return gateway.close();
    },
  };
}

/** Where a service manager has passed sockets, Node was not re-executed. */
function warnOfMissingFlags(log: Logger): void {
  const flags = nodeArguments().filter((flag) => !process.execArgv.includes(flag));
  if (flags.length === 0 || !inheritsSockets()) return;
  log.warn(
    { flags: flags.join(' ') },
    'the gateway is slower without these flags of Node, which it cannot set by itself beside sockets of a service manager: start it by "node FLAGS", or set workers',
  );
}

async function startSingle(settings: Settings, log: Logger, shown: ShownConfiguration): Promise<Gateway> {
  const { startGateway } = await import('../compose/service.ts');
  return await startGateway(settings, log, shown);
}

async function startPrimary(
  file: string,
  settings: Settings,
  log: Logger,
  shown: ShownConfiguration,
  workers: number,
): Promise<Gateway> {
  const primary = await import('./cluster/primary.ts');
  return await primary.startPrimary(file, settings, log, shown, workers);
}

/** Must be called before the start, so that a signal during the start also shuts down in order. */
function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
}

/** Waits for the signal, then drains open requests and exits. A second signal exits at once. */
async function closeOn(stop: Promise<NodeJS.Signals>, { log, close }: Running): Promise<void> {
  const signal = await stop;
  process.once('SIGTERM', () => process.exit(1));
  process.once('SIGINT', () => process.exit(1));
  log.info({ signal }, 'stopping');
  await close();
  log.info('stopped');
  // Exits explicitly: a hanging connection to a store must not keep the process alive.
  process.exit(0);
}
