import { Command } from 'commander';
import type { Account } from '../domain/account.ts';
import { validateEmail } from '../domain/account.ts';
import { OperatorError } from '../domain/errors.ts';
import { hashPassword } from '../identify/passwords/password.ts';
import { sqlAccountStore } from '../stores/accounts/store.ts';
import { requireCurrentSchema } from '../stores/database/migrate.ts';
import { configOption } from './config-option.ts';
import { existingAccount, noAccount, requireOwnTable } from './existing-account.ts';
import { askNewPassword, readNewPassword } from './password-prompt.ts';
import { withReadOnlyDatabase } from './read-only-database.ts';
import { printGroups, setGroups } from './user-groups.ts';
import { listAccounts } from './user-list.ts';
import { withMigratedDatabase } from './with-database.ts';
import { withRevoker } from './with-revoker.ts';

interface Common {
  config: string;
  json?: true;
}
interface PasswordSource {
  passwordStdin?: true;
}

/** `user`: manages accounts. Accounts in an application's own table can only be listed. */
export function userCommand(): Command {
  const command = new Command('user').description(
    'Add, list, confirm, unconfirm or remove accounts, or set their passwords and groups.',
  );

  subcommand(command, 'add', 'add an account')
    .argument('<email>')
    .option('--confirmed', 'mark it as confirmed')
    .option('--password-stdin', 'read the password from standard input instead of asking')
    .action(async (email: string, options: Common & PasswordSource & { confirmed?: true }) => {
      validateEmail(email);
      requireOwnTable(options.config);
      // The first account is commonly added before the first start, so this command migrates the database too.
      await withMigratedDatabase(options.config, async ({ database, settings, applied }) => {
        if (applied.length > 0 && process.stderr.isTTY) {
          process.stderr.write(`Applied migrations to the database: ${applied.join(', ')}.\n`);
        }
        const accounts = sqlAccountStore(database);
        if ((await accounts.findByLogin(email)) !== null) throw taken(email);
        const passwordHash = await hashPassword(await newPassword(email, options), settings.accounts.passwordCost);
        const added = await accounts.add({ email, passwordHash, confirmed: options.confirmed ?? false });
        if (added.kind === 'taken') throw taken(email);
        const state = added.account.confirmed ? 'confirmed' : 'unconfirmed';
        report(options, added.account, `Added ${email} (id ${added.account.id}, ${state}).`);
      });
    });

  subcommand(command, 'list', 'list all accounts').action(async (options: Common) => {
    await withReadOnlyDatabase(options.config, async ({ database, settings }) => {
      if (settings.accounts.table === undefined) await requireCurrentSchema(database);
      process.stdout.write(await listAccounts(database, settings.accounts, options.json ?? false));
    });
  });

  subcommand(command, 'confirm', 'confirm an account, which allows it to log in')
    .argument('<email>')
    .action((email: string, options: Common) => setConfirmed(email, true, options));

  subcommand(command, 'unconfirm', 'lock an account until it is confirmed again, and revoke its tokens')
    .argument('<email>')
    .action((email: string, options: Common) => setConfirmed(email, false, options));

  subcommand(command, 'password', 'set the password of an account, and revoke its tokens')
    .argument('<email>')
    .option('--password-stdin', 'read the password from standard input instead of asking')
    .action(async (email: string, options: Common & PasswordSource) => {
      requireOwnTable(options.config);
      await withRevoker(options.config, async ({ accounts, revoker, settings }) => {
        const account = await existingAccount(accounts, email);
        const passwordHash = await hashPassword(
          await newPassword(account.email, options),
          settings.accounts.passwordCost,
        );
        const changed = await revoker.changeAndRevoke(account.id, (own) => own.setPassword(account.id, passwordHash));
        if (!changed) throw noAccount(email);
        report(options, account, `Changed the password of ${account.email} (id ${account.id}); its tokens are void.`);
      });
    });

  subcommand(command, 'groups', 'print the groups of an account, or put it into these groups and no others')
    .argument('<email>')
    .argument('[names...]', 'the groups')
    .option('--none', 'take it out of all groups')
    .action(async (email: string, names: string[], options: Common & { none?: true }, command: Command) => {
      if (options.none && names.length > 0) command.error('error: --none excludes names of groups', { exitCode: 2 });
      if (options.none || names.length > 0) await setGroups(email, names, options);
      else await printGroups(email, options);
    });

  subcommand(command, 'remove', 'remove an account, and revoke its tokens')
    .argument('<email>')
    .action(async (email: string, options: Common) => {
      requireOwnTable(options.config);
      await withRevoker(options.config, async ({ accounts, revoker }) => {
        const account = await existingAccount(accounts, email);
        if (!(await revoker.changeAndRevoke(account.id, (own) => own.remove(account.id)))) throw noAccount(email);
        report(options, account, `Removed ${account.email} (id ${account.id}).`);
      });
    });

  return command;
}

function subcommand(parent: Command, name: string, description: string): Command {
  return parent.command(name).description(description).addOption(configOption()).option('--json', 'print JSON');
}

async function setConfirmed(email: string, confirmed: boolean, options: Common): Promise<void> {
  requireOwnTable(options.config);
  await withRevoker(options.config, async ({ accounts, revoker }) => {
    const account = await existingAccount(accounts, email);
    const changed = await revoker.changeAndRevoke(account.id, (own) => own.setConfirmed(account.id, confirmed));
    const done = confirmed ? 'confirmed' : 'unconfirmed';
    const text = `${account.email} (id ${account.id}) ${changed ? 'is now' : 'was already'} ${done}.`;
    report(options, { ...account, confirmed }, text);
  });
}

function newPassword(email: string, { passwordStdin }: PasswordSource): Promise<string> {
  return passwordStdin ? readNewPassword(email) : askNewPassword(email);
}

function taken(email: string): OperatorError {
  return new OperatorError(
    `An account with the email ${email} exists already: \`user password\` changes its password.`,
  );
}

function report({ json }: Common, { id, email, confirmed }: Account, text: string): void {
  process.stdout.write(`${json ? JSON.stringify({ id, email, confirmed }) : text}\n`);
}
