import { namedGroups } from '../access/identity-fields.ts';
import { ACCESS_NAME_FORM, isAccessName } from '../domain/access-name.ts';
import { type Account, nameOf } from '../domain/account.ts';
import { OperatorError } from '../domain/errors.ts';
import { nearestOf } from '../settings/rules/nearest.ts';
import { openAccounts } from '../stores/accounts/open.ts';
import { existingAccount, noAccount, requireOwnTable } from './existing-account.ts';
import { withDatabase } from './with-database.ts';
import { withRevoker } from './with-revoker.ts';

interface Options {
  readonly config: string;
  readonly json?: true;
}

/** Prints the groups of an account, in the gateway's own table or the application's, one a line. */
export async function printGroups(email: string, { config, json }: Options): Promise<void> {
  await withDatabase(config, async ({ database, settings }) => {
    const account = await existingAccount(await openAccounts(database, settings.accounts), email);
    const text = json ? JSON.stringify(summaryOf(account)) : account.groups.join('\n');
    process.stdout.write(text === '' ? '' : `${text}\n`);
  });
}

/**
 * Puts an account into these groups and no others. Its tokens, links and sessions stay valid; running gateways look it up
 * again as they learn of revocations.
 */
export async function setGroups(email: string, names: readonly string[], { config, json }: Options): Promise<void> {
  for (const name of names) {
    if (!isAccessName(name)) {
      throw new OperatorError(`The group ${JSON.stringify(name)} must be a name of ${ACCESS_NAME_FORM}.`);
    }
  }
  requireOwnTable(config);
  await withRevoker(config, async ({ accounts, revoker, settings }) => {
    const { id } = await existingAccount(accounts, email);
    if (!(await revoker.changeAndKeepTokens(id, (own) => own.setGroups(id, names)))) throw noAccount(email);
    const account = await existingAccount(accounts, email);
    const { groups } = account;
    const text = `${nameOf(account)} (id ${id}) is in ${groups.length === 0 ? 'no group' : groups.join(', ')}.`;
    process.stdout.write(`${json ? JSON.stringify(summaryOf(account)) : text}\n`);
    warnOfUnnamed(groups, namedGroups(settings));
  });
}

function summaryOf({ id, email, groups }: Account) {
  return { id, email, groups };
}

/** A group that the configuration does not name is of no use yet, and may be misspelled. */
function warnOfUnnamed(groups: readonly string[], named: readonly string[]): void {
  for (const group of groups) {
    if (named.includes(group)) continue;
    const nearest = nearestOf(group, named);
    const hint = nearest === null ? '' : `; did you mean ${nearest}?`;
    process.stderr.write(`No scope and no route of the configuration names the group ${group}${hint}\n`);
  }
}
