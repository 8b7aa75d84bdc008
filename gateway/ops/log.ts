import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Settings } from '../settings/schema.ts';

export type { Logger } from 'pino';

/**
 * The program's log on standard output: JSON lines for machines, columns for a person at a terminal.
 *
 * Nothing that a client sent as a credential is ever handed to it: no header, no query, no body.
 */
export function createLog({ level, format }: Settings['log']): Logger {
  const readable = format === 'pretty' || (format === 'auto' && process.stdout.isTTY === true);
  if (!readable) return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  const stream = pretty({
    colorize: process.stdout.isTTY === true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname',
    singleLine: true,
    sync: true,
  });
  return pino({ level, base: null }, stream);
}
