import { Command } from 'commander';
import { loadModules } from '../forward/proxy-middleware/intercept-modules.ts';
import { loadSettings } from '../settings/read/load.ts';
import { certificateWarnings } from './certificate-watch.ts';
import { checkAccounts, sampleSize } from './check-accounts.ts';
import { configOption } from './config-option.ts';
import { reportProblems } from './report-problems.ts';

interface Options {
  config: string;
  accounts?: true;
  sample?: number;
  showEmails?: true;
  json?: boolean;
}

/**
 * `check`: validates a configuration and prints every problem, one a line, on standard error; exit code 0 or 1. With `--json`
 * the result is on standard output, valid or not.
 */
export function checkCommand(): Command {
  return new Command('check')
    .description('Validate the configuration, and print every problem at once.')
    .addOption(configOption())
    .option(
      '--accounts',
      'describe the table of accounts, and who can log in, who never, and why; exit 1 if any never can',
    )
    .option('--sample <n>', 'with --accounts: read only the first and the last rows by id, N together', sampleSize)
    .option('--show-emails', 'with --accounts: show the emails of the rows that are named as examples')
    .option('--json', 'print JSON')
    .action(async ({ config, accounts, sample, showEmails, json = false }: Options, command: Command) => {
      const emails = showEmails ? 'shown' : 'hidden';
      if (accounts) return await checkAccounts(config, { json, emails, sample: sample ?? null });
      if (sample !== undefined || showEmails) {
        command.error('error: --sample and --show-emails belong to --accounts', { exitCode: 2 });
      }
      await checkFile(config, json);
    });
}

/** Validates a configuration. @throws SettingsError without `json`; with it, the problems are on standard output */
export async function checkFile(config: string, json: boolean): Promise<void> {
  await reportProblems(config, json, async () => {
    const settings = loadSettings(config, process.env);
    const { routes } = settings;
    await loadModules(routes);
    for (const warning of certificateWarnings(settings)) process.stderr.write(`warning: ${warning}\n`);
    const verdict = { valid: true, file: config, routes: routes.length, problems: [] };
    const text = `${config} is valid: ${routes.length} ${routes.length === 1 ? 'route' : 'routes'}`;
    process.stdout.write(`${json ? JSON.stringify(verdict) : text}\n`);
  });
}
