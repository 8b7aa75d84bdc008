import { Command } from 'commander';
import { configOption } from './config-option.ts';
import { withMigratedDatabase } from './with-database.ts';

/** `migrate`: brings the database to the current schema, and prints which migrations it applied. */
export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Bring the database to the current schema. `start` does this too.')
    .addOption(configOption())
    .option('--json', 'print JSON')
    .action(async ({ config, json }: { config: string; json?: true }) => {
      await withMigratedDatabase(config, async ({ applied }) => {
        if (json) process.stdout.write(`${JSON.stringify({ applied })}\n`);
        else if (applied.length === 0) process.stdout.write('The database is up to date.\n');
        else process.stdout.write(`Applied ${applied.join(', ')}.\n`);
      });
    });
}
