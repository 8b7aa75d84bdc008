import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Settings } from '../settings/schema.ts';
import { untornLines } from './untorn-lines.ts';

export type { Logger } from 'pino';

/** Whether standard output is read by a person: then other things than log lines may stand there. */
export function isForPeople({ format }: Pick<Settings['log'], 'format'>): boolean {
  return format === 'pretty' || (format === 'auto' && process.stdout.isTTY === true);
}

/**
 * The program's log on standard output: JSON lines for machines, one short line each for a person at a terminal.
 *
 * Nothing that a client sent as a credential is ever handed to it: no header, no query, no body.
 */
export function createLog(settings: Settings['log']): Logger {
  return writeTo(pino.destination({ dest: 1, sync: true }), settings);
}

/** The same for processes that write to one standard output: no line of theirs ends up inside of another. */
export function createSharedLog(settings: Settings['log']): Logger {
  return writeTo(untornLines(pino.destination({ dest: 1, sync: true })), settings);
}

function writeTo(destination: DestinationStream, { level, format }: Settings['log']): Logger {
  if (!isForPeople({ format })) {
    const formatters = { level: (label: string) => ({ level: label }) };
    return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, destination);
  }
  const stream = pretty({
    colorize: process.stdout.isTTY === true,
    translateTime: 'SYS:HH:MM:ss',
    hideObject: true,
    messageFormat: (line) => (line.msg === 'request' ? requestLine(line) : `${line.msg}${fieldsOf(line)}`),
    sync: true,
  });
  return pino({ level, base: null }, stream);
}

type Line = Record<string, unknown>;

/** `200 GET /api/v1/orders/7 12ms account=1 -> http://127.0.0.1:9000`, with the fault behind it where there was one. */
function requestLine({ status, method, path, ms, worker, account, upstream, fault, detail, cause }: Line): string {
  const words = [status, method, path, `${ms}ms`];
  if (worker !== undefined) words.push(`worker=${worker}`);
  if (account != null) words.push(`account=${account}`);
  if (upstream != null) words.push(`-> ${upstream}`);
  if (fault !== undefined) words.push(`[${fault}: ${detail}${cause === undefined ? '' : `, ${cause}`}]`);
  return words.join(' ');
}

function fieldsOf(line: Line): string {
  const own = new Set(['level', 'time', 'msg']);
  return Object.entries(line)
    .filter(([name]) => !own.has(name))
    .map(([name, value]) => ` ${name}=${describe(value)}`)
    .join('');
}

function describe(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'stack' in value) return String(value.stack);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
