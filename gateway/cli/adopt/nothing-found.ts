import { OperatorError } from '../../domain/errors.ts';
import type { DatabaseLocation } from '../../settings/schema/database-url.ts';
import { nameOf, type Search } from './find.ts';

/** Maximum number of tables listed in an error. */
const MOST_NAMES = 20;

/** The database without user and password. */
export function labelOf(location: DatabaseLocation): string {
  if (location.kind === 'sqlite') return `sqlite:${location.file}`;
  return `${location.kind}://${location.host}:${location.port}/${location.database}`;
}

/**
 * Says why a search has no proposal.
 *
 * @param database of `labelOf`
 * @param schema where the search looked; null: where the database looks by itself
 */
export function nothingFound(database: string, { tables, found }: Search, schema: string | null): OperatorError {
  const [first] = found;
  if (first !== undefined) {
    const { candidate, examined } = first;
    const reason = examined.kind === 'refused' ? `: ${examined.reason}` : '';
    return new OperatorError(
      `${database}: there may be users in ${nameOf(candidate.table)}, but the gateway cannot read it${reason}. It needs the right ` +
        'to SELECT from that table.',
    );
  }
  const where = schema === null ? database : `${schema} of ${database}`;
  const elsewhere = schema === null ? ' If it is in another schema, name that with --schema of `gatehouse adopt`.' : '';
  if (tables.length === 0) {
    return new OperatorError(`${where}: there is no table that this user may see.${elsewhere}`);
  }
  const names = tables.slice(0, MOST_NAMES).map(nameOf).join(', ');
  return new OperatorError(
    `${where}: none of the ${tables.length} tables looks like one of users, with an id, a password and an email or user name ` +
      `(${names}${tables.length > MOST_NAMES ? ', …' : ''}).${elsewhere} Otherwise write the section by hand: docs/adopting.md.`,
  );
}
