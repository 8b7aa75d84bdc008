import { Command } from 'commander';
import { OperatorError } from '../errors.ts';
import { withRevoker } from './with-revoker.ts';

interface Options {
  config: string;
  json?: true;
  user?: string;
}

/** `token`: the tokens that the gateway has issued. */
export function tokenCommand(): Command {
  const command = new Command('token').description('Revoke tokens.');
  command
    .command('revoke')
    .description('stop one token, or all of an account')
    .argument('[jti]', 'the id of the token, as its owner sees it in GET /api/v1/tokens')
    .option('--user <email>', 'all tokens that this account has been issued up to now')
    .option('--config <file>', 'the configuration file', 'config/gateway.yaml')
    .option('--json', 'print JSON')
    .action(async (jti: string | undefined, options: Options, self: Command) => {
      if ((jti === undefined) === (options.user === undefined)) {
        self.error("error: give either a token's id or --user EMAIL");
      }
      if (options.user !== undefined) await revokeAllOf(options.user, options);
      else await revokeOne(jti ?? '', options);
    });
  return command;
}

async function revokeOne(jti: string, { config, json }: Options): Promise<void> {
  await withRevoker(config, async ({ revoker }) => {
    const outcome = await revoker.token(jti, null);
    if (outcome === 'unknown') {
      throw new OperatorError(
        `No token has the id ${jti}, or it expired long ago: its owner sees the ids in GET /api/v1/tokens.`,
      );
    }
    const text = outcome === 'already' ? `Token ${jti} was revoked already.` : `Revoked token ${jti}.`;
    process.stdout.write(`${json ? JSON.stringify({ id: jti, revoked: true }) : text}\n`);
  });
}

async function revokeAllOf(email: string, { config, json }: Options): Promise<void> {
  await withRevoker(config, async ({ accounts, revoker }) => {
    const account = await accounts.findByEmail(email);
    if (account === null) {
      throw new OperatorError(`No account has the email ${email}: \`user list\` shows those that there are.`);
    }
    const count = await revoker.account(account.id);
    const text = `Revoked all tokens of ${account.email} (id ${account.id}); ${count} ${count === 1 ? 'was' : 'were'} live.`;
    process.stdout.write(`${json ? JSON.stringify({ account: account.id, revoked: count }) : text}\n`);
  });
}
