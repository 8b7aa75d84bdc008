import { Console } from 'node:console';
import { Writable } from 'node:stream';
import type { Logger } from '../ops/log.ts';

/**
 * Sends all other output of this process to the log: `console` calls of libraries and of intercept modules, Node's warnings,
 * and uncaught errors. Only the log then writes to a reader that may stall or close, and operators have one place to read.
 *
 * An uncaught error ends the process with exit code 1, as Node does by default.
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
  // An intercept module may still write to these directly: EPIPE must not end the process.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  Object.assign(console, new Console({ stdout: toLog('info'), stderr: toLog('warn'), colorMode: false }));

  // Node's own listener writes to standard error.
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => log.warn({ source: 'node', warning: name }, message));
  // An unhandled rejection is a bug in the gateway, but must not drop the requests of other clients.
  process.on('unhandledRejection', (reason) => log.error({ err: reason }, 'unhandled rejection'));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error, fault: 'gateway' }, 'uncaught exception');
    process.exit(1);
  });
}
