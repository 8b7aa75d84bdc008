import { type Logger, pino } from 'pino';
import type { LogLine } from '../../lab/gateways/gateway.ts';

/** A log in memory. */
export function logLines(): { readonly log: Logger; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as LogLine);
  return { log: pino({ level: 'debug', base: null }, { write }), lines };
}
