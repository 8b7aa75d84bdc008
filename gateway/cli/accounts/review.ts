import type { HashRules } from '../../identify/passwords/hashes/hash-rules.ts';
import { recognise } from '../../identify/passwords/hashes/recognise.ts';
import { isConfirmedValue } from '../../stores/accounts/adopted.ts';
import type { OpenTable } from '../../stores/accounts/adopted-table.ts';
import type { AccountReader } from '../../stores/accounts/store.ts';
import { type ConfirmationValue, confirmationCounts } from './confirmation-values.ts';
import { type CountedForm, formCounts } from './hash-forms.ts';
import { notFoundBy, type RowLogin, rowLogins, sharedBy } from './row-logins.ts';
import { NO_ID, problemsOf, SHARED_ID } from './row-problems.ts';
import { type Duplicates, type SharedLogins, sharedLogins } from './shared-logins.ts';
import { type Counted, type Example, MOST_EXAMPLES, tally } from './tally.ts';

/** Why rows can never log in. */
export interface Obstacle extends Counted {
  readonly reason: string;
}

/** A summary of the rows of a table of accounts. It contains no part of a hash. */
export interface Review {
  readonly rows: number;
  readonly canLogIn: Counted;
  /** Could log in once they are confirmed. */
  readonly unconfirmed: Counted;
  readonly never: number;
  /** Of the hashes that can be verified; the most common first. */
  readonly forms: readonly CountedForm[];
  readonly obstacles: readonly Obstacle[];
  /** Why rows that can log in cannot do so with each of their logins. */
  readonly unusable: readonly Obstacle[];
  readonly duplicates: Duplicates;
  readonly confirmation: readonly ConfirmationValue[];
}

const CAN_LOG_IN = 'can log in';
const UNCONFIRMED = 'unconfirmed';
const NONE: Counted = { count: 0, examples: [] };

/**
 * Reads the table twice, a thousand rows at a time. Memory: 8 bytes for each login, more for rows that share one or an id.
 *
 * @throws GatewayError when the database does not answer
 */
export async function reviewAccounts(
  table: OpenTable,
  findByLogin: AccountReader['findByLogin'],
  rules: HashRules,
): Promise<Review> {
  const shared = await sharedLogins(table);
  const [obstacles, unusable] = [tally('other reasons'), tally('other reasons')];
  const outcomes = tally('other outcomes');
  const [forms, confirmation] = [formCounts(), confirmationCounts()];
  const withoutId = await table.countWithoutId();
  if (withoutId > 0) obstacles.add(NO_ID, withoutId, []);
  const sharedIds = await table.sharedIds();
  const withSharedId = [...sharedIds.values()].reduce((sum, count) => sum + count, 0);
  if (withSharedId > 0) {
    const ids = [...sharedIds.keys().take(MOST_EXAMPLES)];
    obstacles.add(
      SHARED_ID,
      withSharedId,
      ids.map((id) => ({ id, email: null })),
    );
  }
  let rows = withoutId + withSharedId;
  let never = rows;

  for await (const chunk of table.chunks()) {
    for (const row of chunk) {
      if (row.id === null || sharedIds.has(row.id)) continue;
      const logins = rowLogins(row, table);
      const example: Example = {
        id: row.id,
        email: row.email ?? logins.find(({ value }) => value !== null)?.value ?? null,
      };
      const stored = row.password === null ? null : recognise(row.password, rules);
      const reasons = problemsOf(row, stored);
      const found = await Promise.all(
        logins.map((login) => problemsOfLogin(row.id, login, shared, reasons.length === 0 ? findByLogin : null)),
      );
      const works = found.some((problems) => problems.length === 0);
      if (!works) reasons.push(...found.flat());
      else if (reasons.length === 0) {
        const given = found.flatMap((problems, index) => (logins[index]?.value === null ? [] : problems));
        for (const reason of given) unusable.add(reason, 1, [example]);
      }
      for (const reason of reasons) obstacles.add(reason, 1, [example]);
      shared.note(example, logins);
      confirmation.add(row.confirmed);
      if (stored?.verifiable && row.password !== null) forms.add(stored, row.password);
      rows++;
      if (reasons.length > 0) never++;
      else outcomes.add(isConfirmedValue(row.confirmed) ? CAN_LOG_IN : UNCONFIRMED, 1, [example]);
    }
  }
  const counted = new Map(outcomes.entries());
  return {
    rows,
    canLogIn: counted.get(CAN_LOG_IN) ?? NONE,
    unconfirmed: counted.get(UNCONFIRMED) ?? NONE,
    never,
    forms: forms.forms(),
    obstacles: obstacles.entries().map(([reason, found]) => ({ reason, ...found })),
    unusable: unusable.entries().map(([reason, found]) => ({ reason, ...found })),
    duplicates: shared.found(),
    confirmation: confirmation.values(),
  };
}

/**
 * Why nobody can log in with a login of a row. Looks up only non-ASCII and shared logins: databases and Unicode compare ASCII
 * alike.
 *
 * @param findByLogin null: without a look-up
 */
async function problemsOfLogin(
  id: string | null,
  login: RowLogin,
  shared: SharedLogins,
  findByLogin: AccountReader['findByLogin'] | null,
): Promise<readonly string[]> {
  const { value, problems } = login;
  const isShared = shared.isShared(login);
  if (problems.length > 0 || findByLogin === null) return isShared ? [...problems, sharedBy(login)] : problems;
  if (value === null || (!isShared && /^\p{ASCII}*$/u.test(value))) return [];
  if ((await findByLogin(value))?.id === id) return [];
  return [isShared ? sharedBy(login) : notFoundBy(login)];
}
