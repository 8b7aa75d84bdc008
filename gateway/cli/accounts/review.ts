import type { HashRules } from '../../identify/passwords/hashes/hash-rules.ts';
import { recognise } from '../../identify/passwords/hashes/recognise.ts';
import { isConfirmedValue } from '../../stores/accounts/adopted.ts';
import type { AdoptedRow, OpenTable } from '../../stores/accounts/adopted-table.ts';
import type { AccountReader } from '../../stores/accounts/store.ts';
import { type ConfirmationValue, confirmationCounts } from './confirmation-values.ts';
import { type CountedForm, formCounts } from './hash-forms.ts';
import { NO_ID, NOT_FOUND, problemsOf, SHARED_EMAIL, SHARED_ID } from './row-problems.ts';
import { type Duplicates, sharedEmails } from './shared-emails.ts';
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
  readonly duplicates: Duplicates;
  readonly confirmation: readonly ConfirmationValue[];
}

const CAN_LOG_IN = 'can log in';
const UNCONFIRMED = 'unconfirmed';
const NONE: Counted = { count: 0, examples: [] };

/**
 * Reads the table twice, a thousand rows at a time. Memory: 8 bytes for each row, more for rows that share an email or an id.
 *
 * @throws GatewayError when the database does not answer
 */
export async function reviewAccounts(
  table: OpenTable,
  findByEmail: AccountReader['findByEmail'],
  rules: HashRules,
): Promise<Review> {
  const emails = await sharedEmails(table);
  const obstacles = tally('other reasons');
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
      const example: Example = { id: row.id, email: row.email };
      const stored = row.password === null ? null : recognise(row.password, rules);
      const reasons = problemsOf(row, stored);
      const isAlone = row.email === null || !emails.isShared(row.email);
      if (reasons.length === 0 && !(await isFound(row, isAlone, findByEmail)))
        reasons.push(isAlone ? NOT_FOUND : SHARED_EMAIL);
      else if (!isAlone && reasons.length > 0) reasons.push(SHARED_EMAIL);
      for (const reason of reasons) obstacles.add(reason, 1, [example]);
      emails.note(example);
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
    duplicates: emails.found(),
    confirmation: confirmation.values(),
  };
}

/** Looks up only non-ASCII and shared emails: databases and Unicode compare ASCII alike. */
async function isFound(
  { id, email }: AdoptedRow,
  isAlone: boolean,
  findByEmail: AccountReader['findByEmail'],
): Promise<boolean> {
  if (email === null || (isAlone && /^\p{ASCII}*$/u.test(email))) return true;
  return (await findByEmail(email))?.id === id;
}
