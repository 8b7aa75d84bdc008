import { z } from 'zod';
import { duration, matching, oneOf, options, wholeNumber } from './formats.ts';

const READ_ONLY = 'must be true: the table belongs to the application, which alone knows what else a change must do';

/** Quoted wherever it is used; a dot, a space or a quote in it would be read as SQL by the query builder. */
const IDENTIFIER = '[A-Za-z0-9_$-]{1,64}';

function columnName() {
  return matching(new RegExp(`^${IDENTIFIER}$`), 'must be the name of a column: letters, digits, "_", "$" and "-"');
}

/** The columns of an application's table. */
export const ACCOUNT_COLUMNS = options({
  id: columnName()
    .prefault('id')
    .describe('What upstreams receive as X-User-Id: a whole number, a UUID or ASCII text.'),
  email: columnName().prefault('email').describe('The email that its owner signs in with.'),
  password: columnName().prefault('password').describe('The stored hash.'),
  confirmed: columnName()
    .exactOptional()
    .describe('Confirmed unless NULL, 0, false, empty or a zero date. Or give accounts.confirmedWhen.'),
});

export function accountOptions() {
  return options({
    cache: duration('1ms', '1m')
      .prefault('5s')
      .describe(
        'How long an account is known without asking; changes made through the gateway are seen at once, on other nodes as revocations are.',
      ),
    registration: oneOf('closed', 'open')
      .prefault('closed')
      .describe('Whether anybody may register on the pages; needs mail, and the own table.'),
    throttle: options({
      window: duration('1s', '1d').prefault('15m').describe('After which failed passwords are forgotten.'),
      perAddressAndAccount: wholeNumber(1, 1_000_000, 'a number of failures')
        .prefault(10)
        .describe('Failures of one address at one account before it gets 429.'),
      perAddress: wholeNumber(1, 1_000_000, 'a number of failures')
        .prefault(100)
        .describe(
          'Failures of one address at all accounts, and mails that it may ask for. An IPv6 address counts by its /64.',
        ),
    })
      .prefault({})
      .describe('How many wrong passwords are taken.'),
    passwordCost: wholeNumber(4, 15, 'a bcrypt cost').prefault(12).describe('bcrypt cost of new password hashes.'),
    table: matching(
      new RegExp(`^(?:${IDENTIFIER}\\.)?${IDENTIFIER}$`),
      'must be the name of a table, such as users or shop.users: letters, digits, "_", "$" and "-"',
    )
      .exactOptional()
      .describe("An application's own table of users in the same database server; left out: the gateway's own."),
    columns: ACCOUNT_COLUMNS.exactOptional().describe('The columns of that table.'),
    confirmedWhen: matching(
      /^[^?]*[^?\s][^?]*$/,
      'must be an SQL expression on the columns of accounts.table, such as "is_active = 1", without "?"',
    )
      .exactOptional()
      .describe('An SQL expression that is true of confirmed accounts, in place of columns.confirmed.'),
    readOnly: z
      .preprocess((value) => (value === 'true' ? true : value), z.literal(true, { error: READ_ONLY }))
      .exactOptional()
      .describe("May be written out, as true: an application's own table is never written to."),
  })
    .prefault({})
    .describe('The accounts.');
}
