import { Command } from 'commander';
import { loadSettings, SettingsError } from '../settings/load.ts';

/** `check`: validates a configuration and prints every problem, one a line, on standard error; exit code 0 or 1. */
export function checkCommand(): Command {
  return new Command('check')
    .description('validate the configuration and print every problem at once')
    .option('--config <file>', 'the configuration file', 'config/gateway.yaml')
    .action(({ config }: { config: string }) => {
      try {
        const { routes } = loadSettings(config, process.env);
        process.stdout.write(`${config} is valid: ${routes.length} ${routes.length === 1 ? 'route' : 'routes'}\n`);
      } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        process.stderr.write(`${error.message}\n`);
        process.exitCode = 1;
      }
    });
}
