import { parseDatabaseUrl } from '../../settings/schema/database-url.ts';
import { DIALECTS } from '../../stores/accounts/dialects/dialects.ts';
import { findAccounts } from '../adopt/find.ts';
import { labelOf, nothingFound } from '../adopt/nothing-found.ts';
import { proposalText, usable } from '../adopt/report.ts';
import { readingDatabase } from '../read-only-database.ts';

/** Milliseconds for the first answer of the database. */
const TIMEOUT = 5_000;

/**
 * The section `accounts` for the likeliest table of users in a database, with the reasons as a comment.
 *
 * @param url valid
 * @throws OperatorError if there is none, or if the database does not answer
 */
export async function adoptedAccounts(url: string): Promise<string> {
  const location = parseDatabaseUrl(url);
  if (typeof location === 'string') throw new TypeError('the URL is not valid');
  let section = '';
  await readingDatabase('--adopt', { url: location, timeout: TIMEOUT }, async (database) => {
    const search = await findAccounts(database, null, (name) => DIALECTS[database.kind].quoted(name));
    const [first] = usable(search);
    if (first === undefined) throw nothingFound(labelOf(location), search, null);
    section = proposalText(first, 'The accounts of the application: ');
  });
  return section;
}
