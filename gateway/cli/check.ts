import { Command } from 'commander';
import { loadModules } from '../forward/proxy-middleware/intercept-modules.ts';
import { loadSettings, SettingsError } from '../settings/read/load.ts';
import { checkAccounts } from './check-accounts.ts';

interface Options {
  config: string;
  accounts?: true;
  json?: true;
}

/**
 * `check`: validates a configuration and prints every problem, one a line, on standard error; exit code 0 or 1. With `--json`
 * the result is on standard output, valid or not.
 */
export function checkCommand(): Command {
  return new Command('check')
    .description('validate the configuration and print every problem at once')
    .option('--config <file>', 'the configuration file', 'config/gateway.yaml')
    .option('--accounts', 'check the table of accounts, and list rows that can never log in')
    .option('--json', 'print JSON')
    .action(async ({ config, accounts, json }: Options) => {
      if (accounts) return await checkAccounts(config, json === true);
      try {
        const { routes } = loadSettings(config, process.env);
        await loadModules(routes);
        const text = `${config} is valid: ${routes.length} ${routes.length === 1 ? 'route' : 'routes'}`;
        print(json === true, { valid: true, file: config, routes: routes.length, problems: [] }, text);
      } catch (error) {
        if (!(error instanceof SettingsError)) throw error;
        process.exitCode = 1;
        if (json) print(true, { valid: false, file: config, problems: error.problems }, '');
        else process.stderr.write(`${error.message}\n`);
      }
    });
}

function print(json: boolean, verdict: Readonly<Record<string, unknown>>, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(verdict) : text}\n`);
}
