import { Command } from 'commander';
import { OperatorError } from '../domain/errors.ts';
import { loadWithoutSecrets, type SettingsWithoutSecrets } from '../settings/read/load.ts';
import { parseDatabaseUrl } from '../settings/schema/database-url.ts';
import { DIALECTS } from '../stores/accounts/dialects/dialects.ts';
import type { Database } from '../stores/database/connection.ts';
import { accountsReport } from './accounts/accounts-report.ts';
import type { AccountsReport } from './accounts/report.ts';
import { findAccounts, type Search } from './adopt/find.ts';
import { labelOf, nothingFound } from './adopt/nothing-found.ts';
import { adoptJson, adoptText, usable } from './adopt/report.ts';
import { sampleSize } from './check-accounts.ts';
import { configOption } from './config-option.ts';
import { readingDatabase } from './read-only-database.ts';

interface Options {
  config: string;
  database?: string;
  schema?: string;
  sample: number;
  showEmails?: true;
  json?: true;
}

/** Milliseconds for the first answer of a database that no configuration names. */
const TIMEOUT = 5_000;

/** `adopt`: proposes the section `accounts` for the users that an application keeps in a database. Writes nothing. */
export function adoptCommand(): Command {
  return new Command('adopt')
    .description(
      "Find an application's table of users in the database, and print the accounts section for it. Changes nothing.",
    )
    .option('--database <url>', 'the database to look at; left out: database.url of the configuration')
    .addOption(configOption())
    .option('--schema <name>', 'look in this schema only (with MySQL: in this database of the server)')
    .option('--sample <n>', 'how many rows the check of the proposal reads', sampleSize, 1_000)
    .option('--show-emails', 'show the emails of the rows that are named as examples')
    .option('--json', 'print JSON')
    .action(async ({ config, database: url, schema, sample, showEmails, json }: Options, command: Command) => {
      const settings = url === undefined ? loadWithoutSecrets(config, process.env).database : databaseOf(url, command);
      const named = url === undefined ? `database.url of ${config}` : '--database';
      const emails = showEmails ? 'shown' : 'hidden';
      await readingDatabase(named, settings, async (database) => {
        const search = await findAccounts(database, schema ?? null, (name) => DIALECTS[database.kind].quoted(name));
        const report = { database: labelOf(settings.url), search, check: await checkOf(database, search, sample) };
        if (json) process.stdout.write(`${JSON.stringify(adoptJson(report, emails))}\n`);
        else if (search.found.length > 0) process.stdout.write(adoptText(report, emails));
        if (usable(search).length === 0) throw nothingFound(report.database, search, schema ?? null);
      });
    });
}

/** Does not repeat the URL, which may have a password. */
function databaseOf(url: string, command: Command): SettingsWithoutSecrets['database'] {
  const location = parseDatabaseUrl(url);
  if (typeof location === 'string') return command.error(`error: --database ${location}`, { exitCode: 2 });
  return { url: location, timeout: TIMEOUT };
}

/** The check of the first proposal, or the line that says why it failed. */
async function checkOf(database: Database, search: Search, sample: number): Promise<AccountsReport | string | null> {
  const [first] = usable(search);
  if (first === undefined || first.settings === null) return null;
  try {
    return await accountsReport(database, first.settings, sample);
  } catch (error) {
    if (error instanceof OperatorError) return error.message;
    throw error;
  }
}
