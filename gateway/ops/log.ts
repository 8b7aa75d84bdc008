import { fstatSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isatty, WriteStream } from 'node:tty';
import { type Logger, type LoggerOptions, pino } from 'pino';
import { visibleLine, visibleText } from '../domain/visible-text.ts';
import type { Settings } from '../settings/schema/settings.ts';
import { type BoundedOutput, boundedOutput } from './bounded-output.ts';
import { type GatheredLines, gatheredLines } from './gathered-lines.ts';
import { withoutCredentials } from './redact.ts';
import { timeField } from './time-field.ts';
import { unblockedOutput } from './unblocked-output.ts';
import { ONE_PIECE, untornLine } from './untorn-lines.ts';

export type { Logger } from 'pino';

/** Whether a person reads standard output, which may then contain other text besides log lines. */
export function isForPeople({ format }: Pick<Settings['log'], 'format'>): boolean {
  return format === 'pretty' || (format === 'auto' && isatty(1));
}

/**
 * The log on standard output: JSON lines for programs, short lines on a terminal. Writing never waits for a reader and never
 * throws (`boundedOutput`).
 *
 * Callers never pass credentials to it: no header, no query, no body. Credentials that clients put in other places, or that
 * an error contains, are removed (`withoutCredentials`): by `logRequest` for requests, here for all other lines.
 */
export function createLog(settings: Settings['log']): Logger {
  return writeTo((output) => gatheredLines(output, AT_ONCE), settings, {});
}

/**
 * The same for processes that share standard output: their lines are written atomically.
 *
 * @param writer the fields that identify this process in each line
 */
export function createSharedLog(settings: Settings['log'], writer: Readonly<Record<string, number>> = {}): Logger {
  // Writes to a file are atomic with any length; writes to a pipe only up to PIPE_BUF.
  const gather = fstatSync(1).isFile()
    ? (output: BoundedOutput) => gatheredLines(output, AT_ONCE)
    : (output: BoundedOutput) => gatheredLines(output, AT_ONCE_UNTORN, untornLine);
  return writeTo(gather, settings, writer);
}

/** Characters. */
const AT_ONCE = 65_536;
/** A UTF-16 unit takes at most three bytes in UTF-8. */
const AT_ONCE_UNTORN = Math.floor(ONE_PIECE / 3);

/** The fields of a request's line. Undefined values are omitted. */
export type RequestLine = Readonly<Record<string, string | number | null | undefined>>;

/** The output of each log. Child loggers are not registered. */
const outputs = new WeakMap<Logger, BoundedOutput>();

const REQUEST = 'request';

/** Writes a line of level `info` with the message `request`: the form of nearly all lines. */
export function logRequestLine(log: Logger, line: RequestLine): void {
  log.info(line, REQUEST);
}

/** Prints text that is not a log line, for a person, in order with the lines. */
export function print(log: Logger, text: string): void {
  outputs.get(log)?.write(text);
}

/** The number of lines that this process has dropped because standard output did not accept them. */
export function linesDropped(log: Logger): number {
  return outputs.get(log)?.dropped ?? 0;
}

function writeTo(
  gather: (output: BoundedOutput) => GatheredLines,
  { level, format }: Settings['log'],
  writer: Readonly<Record<string, number>>,
): Logger {
  if (isForPeople({ format })) return forPeople(level, writer);
  const always = JSON.stringify(writer).slice(1, -1);
  const prefix = always === '' ? '' : `,${always}`;
  const output = boundedOutput(
    unblockedOutput(),
    (dropped, cause) =>
      `{"level":"error"${timeField()}${prefix},${JSON.stringify({ dropped, cause, msg: LOSS }).slice(1)}\n`,
  );
  const lines = gather(output);
  process.on('exit', output.finish);
  const formatters = { level: (label: string) => ({ level: label }) };
  const hooks: LoggerOptions['hooks'] = {
    streamWrite: withoutCredentials,
    // Formats lines of requests here, in a fifth of the time that pino needs.
    logMethod(args, method, level) {
      const [line, message]: readonly unknown[] = args;
      if (message !== REQUEST || level !== INFO || this !== log) method.apply(this, args);
      else
        lines.gather(`{"level":"info"${timeField()}${prefix},${JSON.stringify(line).slice(1, -1)},"msg":"request"}\n`);
    },
  };
  const log: Logger = pino({ level, base: writer, timestamp: timeField, formatters, hooks }, lines);
  outputs.set(log, output);
  return log;
}

const INFO = pino.levels.values.info;
const LOSS = 'log lines dropped';

const require = createRequire(import.meta.url);

function forPeople(level: Settings['log']['level'], writer: Readonly<Record<string, number>>): Logger {
  // Loaded on demand: programs that read the log start faster without.
  const { prettyFactory } = require('pino-pretty') as typeof import('pino-pretty');
  const lineOf = prettyFactory({
    // Respects NO_COLOR, FORCE_COLOR and the type of the terminal.
    colorize: isatty(1) && WriteStream.prototype.hasColors(),
    translateTime: 'SYS:HH:MM:ss',
    hideObject: true,
    // What others have chosen must not act on the terminal.
    messageFormat: (line) =>
      line.msg === REQUEST ? visibleLine(requestLine(line)) : visibleText(`${line.msg}`) + fieldsOf(line),
  });
  const output = boundedOutput(unblockedOutput(), (dropped, cause) => `${LOSS}: ${dropped}, as ${cause}\n`);
  process.on('exit', output.finish);
  const log = pino({ level, base: writer }, { write: (line) => output.write(lineOf(line)) });
  outputs.set(log, output);
  return log;
}

type Line = Record<string, unknown>;

/** `200 GET /api/v1/orders/7 12ms 203.0.113.7 account=1 -> http://127.0.0.1:9000`, followed by the fault, if any. */
function requestLine(line: Line): string {
  const { status, method, path, ms, client, worker, account, tokenId, upstream, fault, detail, cause } = line;
  const words = [status, method, path, `${ms}ms`];
  if (client !== undefined) words.push(client);
  if (worker !== undefined) words.push(`worker=${worker}`);
  if (account != null) words.push(`account=${account}`);
  if (tokenId != null) words.push(`token=${tokenId}`);
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
  if (typeof value === 'object' && value !== null && 'stack' in value) return visibleText(String(value.stack));
  return visibleLine(typeof value === 'string' ? value : JSON.stringify(value));
}
