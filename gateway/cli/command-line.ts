import { CommanderError } from 'commander';
import { visibleText } from '../domain/visible-text.ts';
import { textOfError } from './error-text.ts';
import { programFor } from './program.ts';

const WRONG_USAGE = 2;

/** The command line. Errors go to standard error in one line, exit 1; wrong usage exits 2. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  const program = await programFor(args);
  if (args[0] !== 'start') endWithReader();
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
    } else {
      process.exitCode = 1;
      // A failed start may leave timers of libraries behind, for up to a minute.
      const end = args[0] === 'start' ? () => process.exit() : undefined;
      process.stderr.write(`${visibleText(textOfError(error))}\n`, end);
    }
  }
}

/** Exits without an error when the reader closes the pipe, as `head` does. */
function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit();
    });
  }
}
