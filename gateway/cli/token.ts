import { once } from 'node:events';
import { Command } from 'commander';
import { nameOf } from '../domain/account.ts';
import { OperatorError } from '../domain/errors.ts';
import { openAccounts } from '../stores/accounts/open.ts';
import { configOption } from './config-option.ts';
import { existingAccount } from './existing-account.ts';
import { momentText } from './table.ts';
import { knownKeyIds, listTokens } from './token-list.ts';
import { withDatabase } from './with-database.ts';
import { withRevoker } from './with-revoker.ts';

interface Common {
  config: string;
  json?: true;
}

/** `token`: lists or revokes issued tokens. */
export function tokenCommand(): Command {
  const command = new Command('token').description('List or revoke tokens.');

  command
    .command('list')
    .description('list the unexpired tokens of an account, including revoked ones')
    .argument('<email>')
    .addOption(configOption())
    .option('--json', 'print JSON')
    .action(async (email: string, { config, json }: Common) => {
      await withDatabase(config, async ({ database, settings }) => {
        const accounts = await openAccounts(database, settings.accounts);
        const account = await existingAccount(accounts, email);
        const { maxLifetime } = settings.tokens;
        const query = { json: json ?? false, maxLifetime, keyIds: knownKeyIds(config) };
        for await (const chunk of listTokens(database, account, query)) {
          if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
        }
      });
    });

  command
    .command('revoke')
    .description('revoke one token, or all tokens of an account')
    .argument('[jti]', 'the id of the token, as `token list` shows it')
    .option('--user <email>', 'revoke all tokens issued to this account so far')
    .addOption(configOption())
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

/**
 * The form of the gateway's token ids. After the restore of a backup, a token may have no record, so an id of this form is
 * refused even without a record.
 */
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
      text = `There is no record of token ${jti}; this id is now refused until ${momentText(expiresAt)}.`;
    }
    if (outcome === 'unknown') {
      throw new OperatorError(
        `No unexpired token has the id ${jti}: \`token list EMAIL\` shows the tokens of an account.`,
      );
    }
    process.stdout.write(`${json ? JSON.stringify({ id: jti, revoked: true }) : text}\n`);
  });
}

async function revokeAllOf(email: string, { config, json }: Common): Promise<void> {
  await withRevoker(config, async ({ accounts, revoker }) => {
    const account = await existingAccount(accounts, email);
    const count = await revoker.account(account.id, Number.POSITIVE_INFINITY);
    const were =
      count === null
        ? 'the gateways mark them as revoked in the background'
        : `${count} ${count === 1 ? 'was' : 'were'} live`;
    const text = `Revoked all tokens of ${nameOf(account)} (id ${account.id}); ${were}.`;
    process.stdout.write(`${json ? JSON.stringify({ account: account.id, revoked: count }) : text}\n`);
  });
}
