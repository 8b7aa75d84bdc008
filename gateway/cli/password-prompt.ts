import type { ReadStream } from 'node:tty';
import { OperatorError } from '../domain/errors.ts';
import { problemsOfPassword } from '../owners/input.ts';

/** The exit code that a shell reports after SIGINT: 128 + 2. */
const INTERRUPTED = 130;
/** Bytes; far above any password. Rejects a wrong file before it fills the memory. */
const STDIN_LIMIT = 4096;

/**
 * Asks twice on the terminal, without echo. Ctrl-C restores the terminal and exits with 130.
 *
 * @throws OperatorError when standard input is not a terminal, the two entries differ, or the password breaks a rule
 */
export async function askNewPassword(email: string): Promise<string> {
  const terminal = process.stdin;
  if (!terminal.isTTY) {
    throw new OperatorError('Standard input is not a terminal: pipe the password in with --password-stdin.');
  }
  const keys = keysOf(terminal);
  terminal.setRawMode(true);
  try {
    const password = await readHidden(keys, `New password for ${email}: `);
    requireGood(password, email);
    if ((await readHidden(keys, 'Once more: ')) !== password) {
      throw new OperatorError('The two passwords differ: nothing was changed.');
    }
    return password;
  } finally {
    terminal.setRawMode(false);
    terminal.pause();
  }
}

/**
 * Reads standard input to its end, and drops one trailing line end.
 *
 * @throws OperatorError when the input is not UTF-8 or breaks a rule for passwords
 */
export async function readNewPassword(email: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > STDIN_LIMIT)
      throw new OperatorError(`The password on standard input is over ${STDIN_LIMIT} bytes long.`);
  }
  const password = decoded(Buffer.concat(chunks)).replace(/\r?\n$/, '');
  requireGood(password, email);
  return password;
}

/** Applies the same rules as the account pages. @param email the email of the account */
function requireGood(password: string, email: string): void {
  const [problem] = problemsOfPassword(password, email);
  if (problem !== undefined) throw new OperatorError(problem.text);
}

function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new OperatorError('The password on standard input is not valid UTF-8.');
  }
}

/** Yields single characters, so that pasted text after a line end remains for the next question. */
async function* keysOf(terminal: ReadStream): AsyncGenerator<string, void, void> {
  terminal.setEncoding('utf8');
  for await (const text of terminal.iterator({ destroyOnReturn: false })) yield* String(text);
}

/** Reads one line. The terminal's echo is already off when the prompt appears. */
async function readHidden(keys: AsyncGenerator<string, void, void>, prompt: string): Promise<string> {
  process.stderr.write(prompt);
  let typed: string[] = [];
  for (;;) {
    const { value: key, done } = await keys.next();
    if (done || key === '\x04') throw givenUp();
    if (key === '\r' || key === '\n') break;
    if (key === '\x03') interrupt();
    else if (key === '\x7f' || key === '\b') typed.pop();
    else if (key === '\x15') typed = [];
    else typed.push(key);
  }
  process.stderr.write('\n');
  return typed.join('');
}

function givenUp(): OperatorError {
  process.stderr.write('\n');
  return new OperatorError('No password was given: nothing was changed.');
}

function interrupt(): never {
  process.stdin.setRawMode(false);
  process.stderr.write('\n');
  process.exit(INTERRUPTED);
}
