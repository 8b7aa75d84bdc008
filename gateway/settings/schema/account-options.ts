import { z } from 'zod';
import { duration, flag, listOf, matching, oneOf, options, wholeNumber } from './formats.ts';
import { firebaseKey, pepper } from './hash-options.ts';
import { idColumnOption } from './id-form.ts';
import { COLUMN, COLUMN_FORM, TABLE, TABLE_FORM } from './table-name.ts';

const READ_ONLY = 'must be true: the gateway never writes to the table of an application';

function columnName() {
  return matching(COLUMN, COLUMN_FORM);
}

/** The columns of an application's table. */
export const ACCOUNT_COLUMNS = options({
  id: idColumnOption()
    .prefault('id')
    .describe('The id that upstreams receive as X-User-Id: a whole number, a UUID or ASCII text.'),
  email: columnName()
    .exactOptional()
    .describe('The email, for X-User-Email. Left out: email; with login, the table has none.'),
  login: listOf(columnName(), `must be a column, or a list of columns, such as [username, email]`)
    .refine((columns) => columns.length > 0, { error: 'is an empty list; must name a column, or be left out' })
    .refine((columns) => new Set(columns.map((name) => name.toLowerCase())).size === columns.length, {
      error: 'names a column twice; each must be named once',
    })
    .exactOptional()
    .describe('What the account owner logs in with: a column, or a list of columns. Left out: the email.'),
  password: columnName().prefault('password').describe('The password hash.'),
  confirmed: columnName()
    .exactOptional()
    .describe(
      'The account is confirmed unless this is NULL, 0, false, empty or a zero date. Alternative: accounts.confirmedWhen.',
    ),
  groups: columnName()
    .exactOptional()
    .describe(
      'The names of its groups or roles: text separated by commas or spaces, or a JSON list. Alternative: accounts.groups.',
    ),
});

export type AccountColumns = z.output<typeof ACCOUNT_COLUMNS>;

/** The column of emails, and the columns of logins, at least one. @param columns undefined: all at their defaults */
export function loginColumns(columns: Pick<AccountColumns, 'email' | 'login'> = {}): {
  /** null: the table has no emails. */
  readonly email: string | null;
  readonly logins: readonly string[];
} {
  const { email, login } = columns;
  if (login !== undefined) return { email: email ?? null, logins: login };
  return { email: email ?? 'email', logins: [email ?? 'email'] };
}

function conditions() {
  return z
    .record(
      z.string(),
      z.union([z.string(), z.number(), z.boolean()], { error: 'must be text, a number, true or false' }),
      {
        error: 'must be a map from columns to the values that they must have',
      },
    )
    .superRefine((where, context) => {
      for (const column of Object.keys(where)) {
        if (COLUMN.test(column)) continue;
        context.addIssue({ code: 'custom', path: [column], message: `is not a column; ${COLUMN_FORM}` });
      }
    })
    .exactOptional();
}

/** A table of an application with a row for each membership of an account in a group. */
const accountGroups = options({
  table: matching(TABLE, TABLE_FORM).describe('The table with a row for each group of an account.'),
  account: columnName().describe('Its column with the id of the account.'),
  name: columnName().exactOptional().describe('Its column with the name of the group. Alternative: group and names.'),
  group: columnName().exactOptional().describe('Its column with the id of the group.'),
  names: options({
    table: matching(TABLE, TABLE_FORM).describe('The table with the names of the groups.'),
    id: columnName().prefault('id').describe('Its column with the id of the group.'),
    name: columnName().prefault('name').describe('Its column with the name of the group.'),
    where: conditions().describe('Columns, and the values that they must have.'),
  })
    .exactOptional()
    .describe('The table with the names of the groups.'),
  where: conditions().describe(
    'Columns, and the values that they must have, such as { model_type: App\\Models\\User }.',
  ),
});

export type AccountGroupsSettings = z.output<typeof accountGroups>;

export function accountOptions() {
  return options({
    cache: duration('1ms', '1m')
      .prefault('5s')
      .describe(
        'How long an account is cached. Changes made through the gateway take effect at once, and on other nodes as fast as revocations.',
      ),
    registration: oneOf('closed', 'open')
      .prefault('closed')
      .describe("Whether visitors may register on the pages; needs mail, and the gateway's own table."),
    throttle: options({
      window: duration('1s', '1d').prefault('15m').describe('The time after which failed logins no longer count.'),
      perAddressAndAccount: wholeNumber(1, 1_000_000, 'a number of failures')
        .prefault(10)
        .describe('Failed logins from one address to one account before 429.'),
      perAddress: wholeNumber(1, 1_000_000, 'a number of failures')
        .prefault(100)
        .describe(
          'Failed logins from one address to all accounts before 429, and mails that it may request. An IPv6 address counts by its /64.',
        ),
    })
      .prefault({})
      .describe('Limits of failed logins.'),
    passwordCost: wholeNumber(4, 15, 'a bcrypt cost').prefault(12).describe('bcrypt cost of new password hashes.'),
    allowWeakHashes: flag()
      .prefault(false)
      .describe(
        'Accepts salted hashes of a single round, such as {SSHA} of LDAP or the MD5 of old Joomla: whoever reads them finds most passwords. The gateway replaces those in its own table at the next login.',
      ),
    firebase: firebaseKey()
      .exactOptional()
      .describe('For hashes exported from Firebase that do not contain these values.'),
    table: matching(TABLE, TABLE_FORM)
      .exactOptional()
      .describe("An application's table of users on the same database server; left out: the gateway's own table."),
    columns: ACCOUNT_COLUMNS.exactOptional().describe('The columns of that table.'),
    pepper: pepper()
      .exactOptional()
      .describe(
        'Appended to passwords before bcrypt, as by Devise (config.pepper); needs accounts.table. Secret. A wrong one refuses every password.',
      ),
    groups: accountGroups
      .exactOptional()
      .describe('A table that has the groups or roles of the accounts, instead of columns.groups.'),
    confirmedWhen: matching(
      /^[^?]*[^?\s][^?]*$/,
      'must be an SQL expression on the columns of accounts.table, such as "is_active = 1", without "?"',
    )
      .exactOptional()
      .describe('An SQL expression that is true for confirmed accounts, instead of columns.confirmed.'),
    readOnly: z
      .preprocess((value) => (value === 'true' ? true : value), z.literal(true, { error: READ_ONLY }))
      .exactOptional()
      .describe("Documents that the gateway never writes to an application's table; only true is allowed."),
  })
    .prefault({})
    .describe('The accounts.');
}
