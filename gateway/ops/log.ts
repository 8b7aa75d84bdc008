import { fstatSync } from 'node:fs';
import { isatty, WriteStream } from 'node:tty';
import { type Logger, type LoggerOptions, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { Settings } from '../settings/schema/settings.ts';
import { type BoundedOutput, boundedOutput } from './bounded-output.ts';
import { type GatheredLines, gatheredLines } from './gathered-lines.ts';
import { withoutCredentials } from './redact.ts';
import { timeField } from './time-field.ts';
import { unblockedOutput } from './unblocked-output.ts';
import { ONE_PIECE, untornLine } from './untorn-lines.ts';

export type { Logger } from 'pino';

/** Whether standard output is read by a person: then other things than log lines may stand there. */
export function isForPeople({ format }: Pick<Settings['log'], 'format'>): boolean {
  return format === 'pretty' || (format === 'auto' && isatty(1));
}

/**
 * The program's log on standard output: JSON lines for machines, one short line each for a person at a terminal. Writing
 * it never waits for a reader and never throws (`boundedOutput`).
 *
 * Nothing that a client sent as a credential is ever handed to it: no header, no query, no body. What a client has put
 * elsewhere, or an error names, is taken out (`withoutCredentials`): by `logRequest` for requests, here for all else.
 */
export function createLog(settings: Settings['log']): Logger {
  return writeTo((output) => gatheredLines(output, AT_ONCE), settings, {});
}

/**
 * The same for processes that write to one standard output: no line of theirs ends up inside of another.
 *
 * @param writer what each line says of the process that writes it
 */
export function createSharedLog(settings: Settings['log'], writer: Readonly<Record<string, number>> = {}): Logger {
  // Into a file, the system writes however much in one piece; into a pipe, no more than a little.
  const gather = fstatSync(1).isFile()
    ? (output: BoundedOutput) => gatheredLines(output, AT_ONCE)
    : (output: BoundedOutput) => gatheredLines(output, AT_ONCE_UNTORN, untornLine);
  return writeTo(gather, settings, writer);
}

/** Characters. */
const AT_ONCE = 65_536;
/** None of UTF-8 has more than three bytes for a unit of UTF-16. */
const AT_ONCE_UNTORN = Math.floor(ONE_PIECE / 3);

/** What a line says of a request. Values that are undefined are left out. */
export type RequestLine = Readonly<Record<string, string | number | null | undefined>>;

/** The outputs that logs write to; a child of a log has none of its own. */
const outputs = new WeakMap<Logger, BoundedOutput>();

const REQUEST = 'request';

/** Writes a line of level `info` with the message `request`, which nearly every line is. */
export function logRequestLine(log: Logger, line: RequestLine): void {
  log.info(line, REQUEST);
}

/** Prints what is no line of the log, for a person who reads it: at its place among the lines. */
export function print(log: Logger, text: string): void {
  outputs.get(log)?.write(text);
}

/** How many lines this process has dropped, since standard output did not take them. */
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
    // Lines of requests are put together here, in a fifth of the time that pino needs for lines of every kind.
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

function forPeople(level: Settings['log']['level'], writer: Readonly<Record<string, number>>): Logger {
  const lineOf = prettyFactory({
    // As NO_COLOR, FORCE_COLOR and the kind of terminal have it.
    colorize: isatty(1) && WriteStream.prototype.hasColors(),
    translateTime: 'SYS:HH:MM:ss',
    hideObject: true,
    messageFormat: (line) => (line.msg === REQUEST ? requestLine(line) : `${line.msg}${fieldsOf(line)}`),
  });
  const output = boundedOutput(unblockedOutput(), (dropped, cause) => `${LOSS}: ${dropped}, as ${cause}\n`);
  process.on('exit', output.finish);
  const log = pino({ level, base: writer }, { write: (line) => output.write(lineOf(line)) });
  outputs.set(log, output);
  return log;
}

type Line = Record<string, unknown>;

/** `200 GET /api/v1/orders/7 12ms 203.0.113.7 account=1 -> http://127.0.0.1:9000`, with the fault behind it where there was one. */
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
  if (typeof value === 'object' && value !== null && 'stack' in value) return String(value.stack);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
