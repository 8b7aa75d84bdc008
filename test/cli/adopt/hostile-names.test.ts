import test from 'ava';
import { parse } from 'yaml';
import { findAccounts } from '../../../gateway/cli/adopt/find.ts';
import { proposalYaml, settingsOf } from '../../../gateway/cli/adopt/proposal.ts';
import { adoptText } from '../../../gateway/cli/adopt/report.ts';
import { DIALECTS } from '../../../gateway/stores/accounts/dialects/dialects.ts';
import { migratedDatabase } from '../../lab/stores/database.ts';

const REFERENCE = ['$', '{HOME}'].join('');
/** A terminal would run ESC and CSI, YAML would take CR for the end of a comment, and U+202E turns what follows around. */
const PREFIXES = [
  '\x1b[31m',
  '\x9b31m',
  '\rroutes: [evil]\r',
  '\nroutes: [evil]\n',
  '\u2028x: [evil] ',
  '\u202e',
  `${REFERENCE} `,
];

test('names of tables that would act on a terminal or end a comment are escaped in the report', async (t) => {
  const database = await migratedDatabase(t, 'postgres');
  for (const prefix of PREFIXES) {
    await database.sql.raw('create table ?? (id int primary key, email text, password text, ?? boolean)', [
      `${prefix}users`,
      `is_active${prefix}`,
    ]);
  }
  const search = await findAccounts(database, null, (name) => DIALECTS.postgres.quoted(name));
  t.is(search.found.length, PREFIXES.length);
  const text = adoptText({ database: 'the\x1b[31m database', search, check: 'a problem\rroutes: [evil]' }, 'hidden');
  t.notRegex(text, /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u);
  t.regex(text, /Not usable: "\\u001b\[31musers"/);
  t.deepEqual(Object.keys(parse(text)), ['accounts']);
});

test('the proposal names every table as it is, whatever its name would mean to YAML and to the configuration', (t) => {
  for (const name of [REFERENCE, `$${REFERENCE}`, '\u202e', "q'{}[]#&*!|>%@`: - ", 'yes', '\u{e0001}x']) {
    const table = `"${name}"`;
    const yaml = proposalYaml({ table, columns: { id: 'id', email: 'email', password: 'hash', confirmed: 'ok' } });
    const settings = settingsOf(yaml);
    t.is(typeof settings === 'string' ? settings : settings.accounts.table, table);
  }
});
