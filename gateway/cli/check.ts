import { Command } from 'commander';
import { loadModules } from '../forward/intercept-modules.ts';
import { loadSettings, SettingsError } from '../settings/load.ts';
import { checkAccounts } from './check-accounts.ts';

interface Options {
  config: string;
  accounts?: true;
  json?: true;
}

/** `check`: validates a configuration and prints every problem, one a line, on standard error; exit code 0 or 1. */
export function checkCommand(): Command {
  return new Command('check')
    .description('validate the configuration and print every problem at once')
    .option('--config <file>', 'the configuration file', 'config/gateway.yaml')
    .option('--accounts', 'look through the accounts, too, for those that can never log in')
    .option('--json', 'with --accounts: print JSON')
    .action(async ({ config, accounts, json }: Options, self: Command) => {
      if (json && !accounts) self.error('error: --json is for --accounts');
      if (accounts) return await checkAccounts(config, json ?? false);
      try {
        const { routes } = loadSettings(config, process.env);
        await loadModules(routes);
        process.stdout.write(`${config} is valid: ${routes.length} ${routes.length === 1 ? 'route' : 'routes'}\n`);
      } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        process.stderr.write(`${error.message}\n`);
        process.exitCode = 1;
      }
    });
}
