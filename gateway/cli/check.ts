import { Command } from 'commander';
import { loadModules } from '../forward/proxy-middleware/intercept-modules.ts';
import { loadSettings } from '../settings/read/load.ts';
import { checkAccounts } from './check-accounts.ts';
import { reportProblems } from './report-problems.ts';

interface Options {
  config: string;
  accounts?: true;
  json?: boolean;
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
    .action(async ({ config, accounts, json = false }: Options) => {
      if (accounts) return await checkAccounts(config, json);
      await reportProblems(config, json, async () => {
        const { routes } = loadSettings(config, process.env);
        await loadModules(routes);
        const verdict = { valid: true, file: config, routes: routes.length, problems: [] };
        const text = `${config} is valid: ${routes.length} ${routes.length === 1 ? 'route' : 'routes'}`;
        process.stdout.write(`${json ? JSON.stringify(verdict) : text}\n`);
      });
    });
}
