import { Argument, Command } from 'commander';
import { bashCompletion } from './completion/bash.ts';
import { fishCompletion } from './completion/fish.ts';
import { zshCompletion } from './completion/zsh.ts';
import { type CommandFacts, factsOf } from './reference/tree.ts';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } satisfies Record<
  string,
  (program: CommandFacts) => string
>;

/**
 * `completion`: prints a script with which a shell completes the commands and options of `gatehouse`. The script does not run the
 * gateway's program.
 *
 * @param wholeProgram the program with every command
 */
export function completionCommand(wholeProgram: () => Promise<Command>): Command {
  return new Command('completion')
    .description('Print a script with which a shell completes commands and options.')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SHELLS)))
    .addHelpText(
      'after',
      `
To use it in this shell:
  bash, zsh:  source <(gatehouse completion bash)
  fish:       gatehouse completion fish | source`,
    )
    .action(async (shell: keyof typeof SHELLS) => {
      process.stdout.write(SHELLS[shell](factsOf(await wholeProgram())));
    });
}
