import { fstatSync } from 'node:fs';
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Settings } from '../settings/schema.ts';
import { type GatheredLines, gatheredLines } from './gathered-lines.ts';
import { timeField } from './time-field.ts';
import { ONE_PIECE, untornLine } from './untorn-lines.ts';

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
  return writeTo(gatheredLines(pino.destination({ dest: 1, sync: true }), AT_ONCE), settings, {});
}

/**
 * The same for processes that write to one standard output: no line of theirs ends up inside of another.
 *
 * @param writer what each line says of the process that writes it
 */
export function createSharedLog(settings: Settings['log'], writer: Readonly<Record<string, number>> = {}): Logger {
  // Into a file, the system writes however much in one piece; into a pipe, no more than a little.
  const destination = pino.destination({ dest: 1, sync: true });
  const output = fstatSync(1).isFile()
    ? gatheredLines(destination, AT_ONCE)
    : gatheredLines(destination, AT_ONCE_UNTORN, untornLine);
  return writeTo(output, settings, writer);
}

/** Characters. */
const AT_ONCE = 65_536;
/** None of UTF-8 has more than three bytes for a unit of UTF-16. */
const AT_ONCE_UNTORN = Math.floor(ONE_PIECE / 3);

/** What a line says of a request. Values that are undefined are left out. */
export type RequestLine = Readonly<Record<string, string | number | null | undefined>>;

/** The logs that machines read, by how they write a line that says how a request went. Their children are none of them. */
const direct = new WeakMap<Logger, (line: RequestLine) => void>();

/**
 * Writes a line of level `info` with the message `request`, which nearly every line is: it is put together here where a
 * machine reads it, in a fifth of the time that pino needs for lines of every kind.
 */
export function logRequestLine(log: Logger, line: RequestLine): void {
  const write = direct.get(log);
  if (write === undefined) log.info(line, 'request');
  else if (log.isLevelEnabled('info')) write(line);
}

function writeTo(
  output: GatheredLines,
  { level, format }: Settings['log'],
  writer: Readonly<Record<string, number>>,
): Logger {
  if (isForPeople({ format })) return forPeople(level).child(writer);
  const formatters = { level: (label: string) => ({ level: label }) };
  const log = pino({ level, base: writer, timestamp: timeField, formatters }, output);
  const always = JSON.stringify(writer).slice(1, -1);
  const prefix = always === '' ? '' : `,${always}`;
  direct.set(log, (line) => {
    output.gather(`{"level":"info"${timeField()}${prefix},${JSON.stringify(line).slice(1, -1)},"msg":"request"}\n`);
  });
  return log;
}

function forPeople(level: Settings['log']['level']): Logger {
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
