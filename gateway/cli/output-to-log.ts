import { Console } from 'node:console';
import { Writable } from 'node:stream';
import type { Logger } from '../ops/log.ts';

/**
 * Has everything that this process would write to standard error, or past the log to standard output, be a line of the
 * log: what libraries and modules of routes say by `console`, Node's warnings, and errors that nobody has caught. Nothing
 * else writes to the log's reader, who may stall or be gone, and nothing has to be read in two places.
 *
 * An error that nobody has caught ends the process with exit code 1, as without this.
 */
export function sendOutputToLog(log: Logger): void {
  const toLog = (level: 'info' | 'warn') =>
    new Writable({
      decodeStrings: false,
      write(text, _encoding, done) {
        log[level]({ source: 'console' }, String(text).trimEnd());
        done();
      },
    });
  // What writes to these all the same, such as a module of a route, must not end the process where nobody reads it.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  Object.assign(console, new Console({ stdout: toLog('info'), stderr: toLog('warn'), colorMode: false }));

  // Node's own listener writes to standard error.
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => log.warn({ source: 'node', warning: name }, message));
  // A rejection that nobody awaits is a fault of ours, and no reason to drop everybody else's requests.
  process.on('unhandledRejection', (reason) => log.error({ err: reason }, 'unhandled rejection'));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error, fault: 'gateway' }, 'uncaught exception');
    process.exit(1);
  });
}
