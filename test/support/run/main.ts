import { constants } from 'node:os';
import { OperatorError } from '../../../gateway/domain/errors.ts';
import { CHROME_PATH, findChromium } from '../services/chromium.ts';
import { findService, VARIABLE } from '../services/find.ts';
import type { Service, ServiceName } from '../services/service.ts';
import { runAva } from './ava.ts';
import { runsBrowserTests } from './browser-tests.ts';
import { closingLine } from './count.ts';

/** What `npm test` does once everything is installed: the servers, a browser, ava, the closing line. Arguments go to ava. */
async function main(): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupted.abort(signal));
  }
  const started = new AbortController();
  interrupted.signal.addEventListener('abort', () => {
    // Private servers and containers are removed as the process exits.
    if (!started.signal.aborted) process.exit(exitCodeOf(interrupted.signal));
  });

  const environment: Record<string, string> = {};
  const services: Service[] = [];
  for (const name of ['MySQL', 'PostgreSQL', 'Redis'] satisfies ServiceName[]) {
    const service = await findService(name);
    process.stderr.write(`${name}: ${service.origin}\n`);
    environment[VARIABLE[name]] = service.url;
    services.push(service);
  }
  if (runsBrowserTests(process.cwd(), process.argv.slice(2))) {
    environment[CHROME_PATH] = await findChromium();
    process.stderr.write(`Chromium: ${environment[CHROME_PATH]}\n`);
  }

  started.abort();
  const counts = await runAva(process.cwd(), process.argv.slice(2), environment, interrupted.signal);
  for (const service of services) service.stop();
  process.stdout.write(`${closingLine(counts)}\n`);
  if (interrupted.signal.aborted) return exitCodeOf(interrupted.signal);
  return counts.failed === 0 ? 0 : 1;
}

function exitCodeOf(interrupted: AbortSignal): number {
  return 128 + constants.signals[interrupted.reason as NodeJS.Signals];
}

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof OperatorError)) throw error;
  process.stderr.write(`${error.message}\n`);
  return 1;
});
