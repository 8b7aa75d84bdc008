import { randomBytes } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import { lookUpsOf } from '../../../gateway/cli/accounts/look-up.ts';
import { hashRules } from '../../../gateway/identify/passwords/hashes/hash-rules.ts';
import { recognise } from '../../../gateway/identify/passwords/hashes/recognise.ts';
import type { DatabaseLocation } from '../../../gateway/settings/schema/database-url.ts';
import type { Settings } from '../../../gateway/settings/schema/settings.ts';
import { readerOf } from '../../../gateway/stores/accounts/adopted.ts';
import { adoptedTable, openTable } from '../../../gateway/stores/accounts/adopted-table.ts';
import { openAccounts } from '../../../gateway/stores/accounts/open.ts';
import { type Database, openDatabase } from '../../../gateway/stores/database/connection.ts';
import { migrate } from '../../../gateway/stores/database/migrate.ts';
import { DATABASES, type DatabaseKind, temporaryDatabase } from '../../lab/stores/database.ts';
import { FRAMEWORK_PAGES, type FrameworkPage } from './frameworks/expected.ts';
import { accountsIn, makeTables, pageNamed, pageNames, runAll } from './frameworks/pages.ts';

test('each page about a framework is tested here', (t) => {
  t.deepEqual(FRAMEWORK_PAGES.map(({ page }) => page).toSorted(), pageNames().toSorted());
  for (const { page, users } of FRAMEWORK_PAGES) t.is(users.length, pageNamed(page).yaml.length, page);
});

for (const framework of FRAMEWORK_PAGES) {
  const { page, users } = framework;
  for (const kind of DATABASES.filter((kind) => framework.kinds.includes(kind))) {
    test(`${kind}: the configurations of docs/adopting/${page}.md find the users that its program made`, async (t) => {
      const location = await temporaryDatabase(t, kind);
      const database = openDatabase(location, { timeout: 10_000 });
      t.teardown(() => database.close());
      await makeTables(page, database);
      await runAll(viewsOf(framework, kind, nameOf(location)), database);
      const indexes = pageNamed(page).sql.filter((one) => one.kind === kind && one.text.startsWith('create index'));
      for (const [block, expected] of users.entries()) {
        const settings = accountsIn(named(pageNamed(page).yaml[block] ?? '', nameOf(location)));
        await findsThem(t, database, settings, expected, block === 0 ? 'verify' : 'leave');
        if (block > 0) continue;
        for (const index of indexes) await runAll(named(index.text, nameOf(location)), database);
        if (indexes.length > 0) t.false(await scansFor(database, settings), 'the index of the page is used');
      }
    });
  }

  const server = framework.kinds.includes('postgres') && page !== 'laravel' ? 'postgres' : 'mysql';
  test(`${server}: the role of docs/adopting/${page}.md reads the users by an index, keeps the gateway's own tables, and nothing else`, async (t) => {
    const location = await temporaryDatabase(t, server);
    if (location.kind === 'sqlite') throw new Error('no server');
    const administrator = openDatabase(location, { timeout: 10_000 });
    t.teardown(() => administrator.close());
    await makeTables(page, administrator);
    const role = `gatehouse_${randomBytes(6).toString('hex')}`;
    t.teardown(() => runAll(REMOVAL[server].replaceAll('gatehouse', role), administrator));
    for (const { kind, text } of pageNamed(page).sql) {
      if (kind === server) await runAll(named(text.replaceAll('gatehouse', role), nameOf(location)), administrator);
    }

    const own = openDatabase(
      {
        ...location,
        user: role,
        password: 'PASSWORD',
        ...(location.kind === 'mysql' ? { database: role } : { schema: role }),
      } as DatabaseLocation,
      { timeout: 10_000 },
    );
    t.teardown(() => own.close());
    await migrate(own);
    for (const [block, expected] of users.entries()) {
      if (framework.withoutRole?.includes(block)) continue;
      const settings = accountsIn(named(pageNamed(page).yaml[block] ?? '', nameOf(location)));
      await findsThem(t, own, settings, expected, 'leave');
      t.false(await scansFor(own, settings), `the index of block ${block} is used`);
      const table = settings.table ?? '';
      const quoted = server === 'mysql' ? table : `"${table}"`;
      const refused = await t.throwsAsync(own.query(own.sql.raw(`delete from ${quoted}`)));
      t.regex(String(refused.cause), /denied/);
    }
  });
}

/** What the end of a test removes. */
const REMOVAL = {
  mysql: "drop database if exists gatehouse;\ndrop user if exists gatehouse@'%';\n",
  postgres: 'drop schema gatehouse cascade;\ndrop owned by gatehouse;\ndrop role gatehouse;\n',
} as const;

async function findsThem(
  t: ExecutionContext,
  database: Database,
  settings: Settings['accounts'],
  expected: FrameworkPage['users'][number],
  passwords: 'verify' | 'leave',
): Promise<void> {
  const accounts = await openAccounts(database, settings);
  for (const { login, password, ...account } of expected) {
    const found = await accounts.findByLogin(login);
    if (found === null) {
      t.fail(`${settings.table} has no ${login}`);
      continue;
    }
    const { id, confirmed, groups, passwordHash } = found;
    t.deepEqual({ id, confirmed, groups: groups.toSorted() }, account, login);
    if (passwords === 'leave') continue;
    const hash = recognise(passwordHash ?? '', hashRules(settings));
    t.true(hash?.verifiable && (await hash.verify(password)), `the password of ${login}`);
  }
}

/** Whether a look-up by a login reads the whole table. */
async function scansFor(database: Database, settings: Settings['accounts']): Promise<boolean | undefined> {
  const table = adoptedTable(settings);
  if (table === null) throw new Error('the page names no table');
  const open = await openTable(database, table);
  const lookUps = await lookUpsOf(database, table.name, open, readerOf(database, open).findByLogin);
  return lookUps.length === 0 ? undefined : lookUps.some(({ isFullScan }) => isFullScan);
}

/** @param database on MySQL, where `app` is the database of the application, and names need no quotes */
function named(text: string, database: string | null): string {
  if (database === null) return text.replaceAll(/\bapp\./g, '');
  return text
    .replaceAll(/\bapp\./g, `${database}.`)
    .replaceAll(/"(\w+)"/g, '$1')
    .replaceAll('now()', 'utc_timestamp()');
}

function nameOf(location: DatabaseLocation): string | null {
  return location.kind === 'mysql' ? location.database : null;
}

/** The views of a page, which its configurations need. They are written for one kind of database, and hold for all. */
function viewsOf({ page }: FrameworkPage, kind: DatabaseKind, database: string | null): string {
  const views = pageNamed(page).sql.filter(({ text }) => text.startsWith('create view'));
  const view = views.find((one) => one.kind === kind) ?? views[0];
  return named(view?.text ?? '', database);
}
