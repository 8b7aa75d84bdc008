import { once } from 'node:events';
import { Command } from 'commander';
import { OperatorError } from '../domain/errors.ts';
import { openAccounts } from '../stores/accounts/open.ts';
import { existingAccount } from './existing-account.ts';
import { momentText } from './table.ts';
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

/** An id as the gateway gives them out. A token may have one and no record, where a backup was restored. */
const TOKEN_ID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
/** No account has this id. */
const UNKNOWN_ACCOUNT = '';

async function revokeOne(jti: string, { config, json }: Common): Promise<void> {
  await withRevoker(config, async ({ revoker, settings, clock }) => {
    let outcome = await revoker.token(jti, null, null);
    let text = outcome === 'already' ? `Token ${jti} was revoked already.` : `Revoked token ${jti}.`;
    if (outcome === 'unknown' && TOKEN_ID.test(jti)) {
      const issuedAt = clock.now();
      const expiresAt = issuedAt + settings.tokens.maxLifetime;
      outcome = await revoker.token(jti, null, { accountId: UNKNOWN_ACCOUNT, issuedAt, expiresAt });
      text = `There is no record of a token ${jti}; its id is refused until ${momentText(expiresAt)}.`;
    }
    if (outcome === 'unknown') {
      throw new OperatorError(
        `No token has the id ${jti}, or it has expired: \`token list EMAIL\` shows those of an account.`,
      );
    }
    process.stdout.write(`${json ? JSON.stringify({ id: jti, revoked: true }) : text}\n`);
  });
}

async function revokeAllOf(email: string, { config, json }: Common): Promise<void> {
  await withRevoker(config, async ({ accounts, revoker }) => {
    const account = await existingAccount(accounts, email);
    const count = await revoker.account(account.id, Number.POSITIVE_INFINITY);
    const were = count === null ? 'the gateways mark them one by one' : `${count} ${count === 1 ? 'was' : 'were'} live`;
    const text = `Revoked all tokens of ${account.email} (id ${account.id}); ${were}.`;
    process.stdout.write(`${json ? JSON.stringify({ account: account.id, revoked: count }) : text}\n`);
  });
}
