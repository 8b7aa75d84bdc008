import { once } from 'node:events';
import { Command } from 'commander';
import { openAccounts } from '../accounts/open.ts';
import { OperatorError } from '../errors.ts';
import { existingAccount } from './existing-account.ts';
import { knownKeyIds, listTokens } from './token-list.ts';
import { withDatabase } from './with-database.ts';
import { withRevoker } from './with-revoker.ts';

interface Common {
  config: string;
  json?: true;
}

/** `token`: the tokens that the gateway has issued. */
export function tokenCommand(): Command {
  const command = new Command('token').description('List or revoke tokens.');

  command
    .command('list')
    .description('list the tokens of an account that have not expired, those that are not live any more too')
    .argument('<email>')
    .option('--config <file>', 'the configuration file', 'config/gateway.yaml')
    .option('--json', 'print JSON')
    .action(async (email: string, { config, json }: Common) => {
      await withDatabase(config, async ({ database, settings }) => {
        const accounts = await openAccounts(database, settings.accounts);
        const account = await existingAccount(accounts, email);
        const { maxLifetime } = settings.tokens;
        const asked = { json: json ?? false, maxLifetime, keyIds: knownKeyIds(config) };
        for await (const piece of listTokens(database, account, asked)) {
          if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
        }
      });
    });

  command
    .command('revoke')
    .description('stop one token, or all of an account')
    .argument('[jti]', 'the id of the token, as `token list` shows it')
    .option('--user <email>', 'all tokens that this account has been issued up to now')
    .option('--config <file>', 'the configuration file', 'config/gateway.yaml')
    .option('--json', 'print JSON')
    .action(async (jti: string | undefined, options: Common & { user?: string }, self: Command) => {
      if ((jti === undefined) === (options.user === undefined)) {
        self.error("error: give either a token's id or --user EMAIL");
      }
      if (options.user !== undefined) await revokeAllOf(options.user, options);
      else await revokeOne(jti ?? '', options);
    });
  return command;
}

async function revokeOne(jti: string, { config, json }: Common): Promise<void> {
  await withRevoker(config, async ({ revoker }) => {
    const outcome = await revoker.token(jti, null);
    if (outcome === 'unknown') {
      throw new OperatorError(
        `No token has the id ${jti}, or it has expired: \`token list EMAIL\` shows those of an account.`,
      );
    }
    const text = outcome === 'already' ? `Token ${jti} was revoked already.` : `Revoked token ${jti}.`;
    process.stdout.write(`${json ? JSON.stringify({ id: jti, revoked: true }) : text}\n`);
  });
}

async function revokeAllOf(email: string, { config, json }: Common): Promise<void> {
  await withRevoker(config, async ({ accounts, revoker }) => {
    const account = await existingAccount(accounts, email);
    const count = await revoker.account(account.id);
    const text = `Revoked all tokens of ${account.email} (id ${account.id}); ${count} ${count === 1 ? 'was' : 'were'} live.`;
    process.stdout.write(`${json ? JSON.stringify({ account: account.id, revoked: count }) : text}\n`);
  });
}
