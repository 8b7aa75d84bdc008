import { Command, CommanderError } from 'commander';
import packageVersion from '../../package.json' with { type: 'json' };
import { adoptCommand } from './adopt.ts';
import { checkCommand } from './check.ts';
import { textOfError } from './error-text.ts';
import { keyCommand } from './key.ts';
import { migrateCommand } from './migrate.ts';
import { readyCommand } from './ready.ts';
import { recipeCommand } from './recipe.ts';
import { routesCommand } from './routes.ts';
import { startCommand } from './start.ts';
import { tokenCommand } from './token.ts';
import { userCommand } from './user.ts';
import { visibleText } from './visible-text.ts';

const WRONG_USAGE = 2;

/** The command line. Errors go to standard error in one line, exit 1; wrong usage exits 2. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  const program = new Command('gatehouse')
    .version(packageVersion.version)
    .description('An API gateway that authenticates every request and forwards it with a proven identity.')
    .addCommand(startCommand())
    .addCommand(readyCommand())
    .addCommand(checkCommand())
    .addCommand(adoptCommand())
    .addCommand(routesCommand())
    .addCommand(recipeCommand())
    .addCommand(migrateCommand())
    .addCommand(userCommand())
    .addCommand(tokenCommand())
    .addCommand(keyCommand());
  throwOnExit(program);
  if (args[0] !== 'start') endWithReader();
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
    } else {
      process.exitCode = 1;
      process.stderr.write(`${visibleText(textOfError(error))}\n`);
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

/** commander ends the process by itself unless each command is told to throw. */
function throwOnExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwOnExit(child);
}
