import { Command } from 'commander';
import packageVersion from '../../package.json' with { type: 'json' };

/** The commands in the order of `--help`. Each is loaded on demand: most need a part of the gateway only. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import('./init.ts')).initCommand(),
  start: async () => (await import('./start.ts')).startCommand(),
  ready: async () => (await import('./ready.ts')).readyCommand(),
  top: async () => (await import('./top.ts')).topCommand(),
  check: async () => (await import('./check.ts')).checkCommand(),
  adopt: async () => (await import('./adopt.ts')).adoptCommand(),
  routes: async () => (await import('./routes.ts')).routesCommand(),
  recipe: async () => (await import('./recipe.ts')).recipeCommand(),
  migrate: async () => (await import('./migrate.ts')).migrateCommand(),
  user: async () => (await import('./user.ts')).userCommand(),
  token: async () => (await import('./token.ts')).tokenCommand(),
  key: async () => (await import('./key.ts')).keyCommand(),
  completion: async () => (await import('./completion.ts')).completionCommand(wholeProgram),
  version: async () => (await import('./version.ts')).versionCommand(packageVersion.version),
};

/**
 * The program as far as these arguments need it: with the command that they name, or with all of them.
 *
 * @param args what follows `gatehouse`
 */
export async function programFor([name = '']: readonly string[]): Promise<Command> {
  return Object.hasOwn(COMMANDS, name) ? await programWith([name]) : await wholeProgram();
}

/** The program with every command. */
export function wholeProgram(): Promise<Command> {
  return programWith(Object.keys(COMMANDS));
}

async function programWith(names: readonly string[]): Promise<Command> {
  const program = new Command('gatehouse')
    .version(packageVersion.version)
    .description('An API gateway that authenticates every request and forwards it with a proven identity.');
  for (const command of await Promise.all(names.map((name) => COMMANDS[name]?.()))) {
    if (command !== undefined) program.addCommand(command);
  }
  throwOnExit(program);
  return program;
}

/** commander ends the process by itself unless each command is told to throw. */
function throwOnExit(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) throwOnExit(child);
}
