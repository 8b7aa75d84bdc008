import test from 'ava';
import { formCounts, loginTimes } from '../../../gateway/cli/accounts/hash-forms.ts';
import { type Review, reviewAccounts } from '../../../gateway/cli/accounts/review.ts';
import { sampleOf } from '../../../gateway/cli/accounts/sample.ts';
import type { Example } from '../../../gateway/cli/accounts/tally.ts';
import { recognise } from '../../../gateway/identify/passwords/hashes/recognise.ts';
import { readerOf } from '../../../gateway/stores/accounts/adopted.ts';
import { openTable } from '../../../gateway/stores/accounts/adopted-table.ts';
import { ADOPTED, FIXTURES } from '../../identify/passwords/hashes/fixtures.ts';
import { DATABASES, migratedDatabase } from '../../lab/stores/database.ts';
import { USERS, usersTable } from '../../stores/accounts/adopted-tables.ts';

const idsOf = (examples: readonly Example[] = []) => examples.map(({ id }) => id);
const BCRYPT = FIXTURES.find(({ format, cheap }) => format === 'bcrypt' && cheap)?.hash ?? '';
const DJANGO = FIXTURES.find(({ format, cheap }) => format === 'Django pbkdf2_sha256' && cheap)?.hash ?? '';

for (const kind of ['sqlite', 'mysql', 'postgres'] as const) {
  test(`${kind}: every row that can never log in is counted under its reason`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const insert = await usersTable(database, {
      id: 'varchar(300)',
      ...(kind === 'mysql' && { email: 'varchar(255) collate utf8mb4_bin' }),
    });
    await insert(
      { id: 'a1', email: 'good@x', password: BCRYPT },
      { id: 'a2', email: 'ümit@x', password: BCRYPT },
      { id: 'a3', email: 'django@x', password: DJANGO },
      { id: 'a4', email: 'later@x', password: BCRYPT, confirmed: 0 },
      { id: 'b1', email: 'twice@x', password: BCRYPT },
      { id: 'b2', email: 'Twice@X', password: BCRYPT, confirmed: 0 },
      { id: 'c1', email: 'a:b@x', password: BCRYPT },
      { id: 'c2', email: 'a\tb@x', password: BCRYPT },
      { id: 'd1', email: null, password: BCRYPT },
      { id: 'd2', email: '', password: BCRYPT },
      { id: 'e1', email: 'null@x', password: null },
      { id: 'e2', email: 'md5@x', password: '5f4dcc3b5aa765d61d8327deb882cf99' },
      { id: 'e3', email: 'dear@x', password: BCRYPT.replace('$04$', '$31$') },
      { id: 'é', email: 'accent@x', password: BCRYPT },
      { id: null, email: 'nobody@x', password: BCRYPT },
    );
    const table = await openTable(database, USERS);
    const review = await reviewAccounts(table, readerOf(database, table).findByLogin, ADOPTED);
    t.like(review, { rows: 15, canLogIn: { count: 3 }, unconfirmed: { count: 1 }, never: 11 });
    const found = Object.fromEntries(
      review.obstacles.map(({ reason, count, examples }) => [reason, [count, ...idsOf(examples)]]),
    );
    t.deepEqual(found['another row has the same email, but for case or composition'], [2, 'b1', 'b2']);
    t.deepEqual(found['the email has a colon or a control character, which HTTP Basic cannot carry'], [2, 'c1', 'c2']);
    t.deepEqual(found['the email is NULL'], [1, 'd1']);
    t.deepEqual(found['the email is empty'], [1, 'd2']);
    t.deepEqual(found['the hash is NULL'], [1, 'e1']);
    const [md5] = review.obstacles.filter(({ reason }) =>
      reason.startsWith('the hash is as long as an unsalted MD5, '),
    );
    t.deepEqual(idsOf(md5?.examples), ['e2']);
    t.deepEqual(found['the id is NULL'], [1]);
    const [refused] = review.obstacles.filter(({ reason }) => reason.startsWith('the hash is refused: bcrypt, '));
    t.deepEqual(idsOf(refused?.examples), ['e3']);
    const [unfit] = review.obstacles.filter(({ reason }) => reason.includes('cannot be sent as X-User-Id'));
    t.deepEqual(idsOf(unfit?.examples), ['é']);
    t.is(review.obstacles.length, 9);
    t.like(review.forms.at(-1), { format: 'Django pbkdf2_sha256', parameters: '1000 rounds', count: 1 });
    t.is(review.duplicates.logins, 1);
    t.deepEqual(review.duplicates.examples.map(idsOf), [['b1', 'b2']]);
    t.deepEqual(review.confirmation, [
      { value: '1', confirmed: true, count: 12 },
      { value: '0', confirmed: false, count: 2 },
    ]);
    const shown = JSON.stringify(review);
    for (const hash of [BCRYPT, DJANGO]) t.false(shown.includes(hash.slice(-20)));
  });

  test(`${kind}: rows that share an id, as where the column is not the key, are counted and named`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const insert = await usersTable(database, { id: 'varchar(300)' });
    await insert(
      { id: 'a', email: 'one@x', password: BCRYPT },
      { id: 'a', email: 'two@x', password: BCRYPT },
      { id: 'A', email: 'three@x', password: BCRYPT },
    );
    const table = await openTable(database, USERS);
    const review = await reviewAccounts(table, readerOf(database, table).findByLogin, ADOPTED);
    t.like(review, { rows: 3, canLogIn: { count: 1 }, never: 2 });
    const examples = [{ id: 'a', email: null }];
    t.deepEqual(review.obstacles, [{ reason: 'another row has the same id', count: 2, examples }]);
  });

  test(`${kind}: whoever the review says can log in is found by the gateway, and nobody else`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const insert = await usersTable(database, {
      id: kind === 'sqlite' ? 'varchar(300) collate nocase' : 'varchar(300)',
      ...(kind === 'mysql' && { email: 'varchar(255) collate utf8mb4_bin' }),
    });
    const rows = [
      ...[
        ['a', 'one@x'],
        ['a', 'two@x'],
        ['A', 'three@x'],
      ],
      ...[
        ['b', 'same@x'],
        ['c', 'SAME@x'],
        ['d', 'same@x '],
        [null, 'with-nobody@x'],
        ['e', 'with-nobody@x'],
      ],
      ...[
        ['f', 'with-é@x'],
        ['é', 'with-é@x'],
        ['g', 'ümit@x'],
        ['h', 'U\u0308MIT@x'],
      ],
      // Composed in part: no look-up finds the second.
      ...[
        ['i', 'é-ü@x'],
        ['j', 'e\u0301-ü@x'],
        ['k', 'k@x'],
        ['l', '\u212a@x'],
      ],
      ...[
        ['m', 'third@x'],
        ['m', 'Third@x'],
        ['n', 'third@x'],
        ['o', 'alone@x'],
      ],
    ] as [string | null, string][];
    await insert(...rows.map(([id, email]) => ({ id, email, password: BCRYPT })));
    const table = await openTable(database, USERS);
    const { findByLogin, findById } = readerOf(database, table);
    const review = await reviewAccounts(table, findByLogin, ADOPTED);
    const found: string[] = [];
    for (const [id, email] of rows) {
      const account = await findByLogin(email);
      if (account !== null && account.id === id && account.email === email) found.push(id);
      if (account !== null) t.like(await findById(account.id), { email: account.email });
    }
    t.is(review.canLogIn.count, found.length);
    t.is(review.never, rows.length - found.length);
    for (const id of ['A', 'd', 'e', 'o']) t.true(found.includes(id), id);
    for (const id of ['a', 'b', 'c', 'f', 'é', 'g', 'h', 'm', 'n']) t.false(found.includes(id), id);
  });

  test(`${kind}: a table of several chunks is read to its end, ids beyond 2^53 too`, async (t) => {
    const database = await migratedDatabase(t, kind);
    await usersTable(database);
    const rows = Array.from({ length: 2_500 }, (_, index) => ({
      id: String(index < 1_500 ? index + 1 : 9007199254740990n + BigInt(index)),
      'e-mail': `${index % 2_499}@x`,
      key: BCRYPT,
      confirmed: 1,
    }));
    await database.sql.batchInsert(USERS.name, rows, 100);
    const table = await openTable(database, USERS);
    const asked: string[] = [];
    const { findByLogin } = readerOf(database, table);
    const askedFor = (email: string) => {
      asked.push(email);
      return findByLogin(email);
    };
    const review = await reviewAccounts(table, askedFor, ADOPTED);
    t.deepEqual(asked, ['0@x', '0@x'], 'of ASCII only what seems to be shared');
    t.like(review, { rows: 2_500, canLogIn: { count: 2_498 }, never: 2 });
    t.deepEqual(
      review.obstacles.map(({ examples }) => idsOf(examples)),
      [['1', '9007199254743489']],
    );
  });

  test(`${kind}: a sample has the first and the last rows by id, and a table that is no larger is read as a whole`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const insert = await usersTable(database);
    await insert(...Array.from({ length: 40 }, (_, index) => ({ id: index + 1, email: `${index}@x` })));
    const table = await openTable(database, USERS);
    const sample = await sampleOf(table, 5);
    const ids: string[] = [];
    for await (const rows of sample?.table.chunks() ?? []) ids.push(...rows.map(({ id }) => id ?? ''));
    t.is(sample?.of, 40);
    t.deepEqual(ids, ['1', '2', '3', '40', '39']);
    t.is(await sampleOf(table, 40), null);

    await insert(...Array.from({ length: 20 }, (_, index) => ({ id: null, email: `nobody-${index}@x` })));
    t.is(await sampleOf(table, 50), null, 'rows without an id would fill no half, and the halves would overlap');
  });

  test(`${kind}: values of the confirmation are listed as they are read, dates together and in bounded number`, async (t) => {
    const database = await migratedDatabase(t, kind);
    const insert = await usersTable(database, { confirmed: 'varchar(60)' });
    const odd = Array.from({ length: 30 }, (_, index) => `odd ${index}`);
    const values = [null, 'yes', 'pending', '2024-02-29 12:00:00', '2025-01-01', '0000-00-00 00:00:00', ...odd];
    await insert(...values.map((confirmed, index) => ({ id: index + 1, email: `${index}@x`, confirmed })));
    const table = await openTable(database, USERS);
    const { confirmation } = await reviewAccounts(table, readerOf(database, table).findByLogin, ADOPTED);
    const read = new Map(confirmation.map(({ value, confirmed, count }) => [value, [confirmed, count]]));
    t.deepEqual(read.get('a date or time'), [true, 2]);
    t.deepEqual(read.get('a zero date'), [false, 1]);
    t.deepEqual(read.get('NULL'), [false, 1]);
    t.deepEqual(read.get('"yes"'), [true, 1]);
    t.deepEqual(read.get('"pending"'), [false, 1]);
    t.deepEqual(read.get('other values'), [false, 15]);
    t.is(confirmation.length, 21);
  });
}

test('each form of hash has the programs that it looks like, and the time that a decoy takes', async (t) => {
  const forms = formCounts();
  const count = (text: string) => {
    const stored = recognise(text, ADOPTED);
    if (stored?.verifiable) forms.add(stored, text);
  };
  for (const prefix of ['$2y$', '$2y$', '$2a$', '$2b$']) count(prefix + BCRYPT.slice(4));
  count(DJANGO);
  const found = forms.forms();
  t.deepEqual(
    found.map(({ format, looksLike, count }) => [format, looksLike?.split(':')[0] ?? null, count]),
    [
      ['bcrypt', 'PHP', 2],
      ['bcrypt', 'Ruby', 1],
      ['bcrypt', 'Node', 1],
      ['Django pbkdf2_sha256', null, 1],
    ],
  );
  for (const { decoy } of found) t.false([BCRYPT, DJANGO].some((hash) => decoy.endsWith(hash.slice(-20))));
  const times = await loginTimes(found, ADOPTED);
  t.is(times.length, 4);
  for (const time of times) t.true(time !== null && time > 0);
});

test('parameters that all differ are counted together beyond a limit', (t) => {
  const forms = formCounts();
  for (let rounds = 1; rounds <= 150; rounds++) {
    const text = DJANGO.replace('$1000$', `$${rounds}$`);
    const stored = recognise(text, ADOPTED);
    if (stored?.verifiable) forms.add(stored, text);
  }
  const [most] = forms.forms();
  t.like(most, { parameters: 'other parameters', count: 50 });
  t.is(forms.forms().length, 101);
});

for (const kind of DATABASES) {
  test(`${kind}: logins that do not work are told, of rows that have another login and of those that have none`, async (t) => {
    const database = await migratedDatabase(t, kind);
    await database.sql.raw(
      'create table people (id int primary key, username varchar(150), email varchar(254), password varchar(200))',
    );
    const people: readonly (readonly [username: string | null, email: string | null])[] = [
      ['ada', 'ada@x'],
      ['victim', 'victim@x'],
      ['victim@x', 'attacker@x'],
      ['own@x', 'own@x'],
      ['twice', 'first@x'],
      ['twice', null],
      ['a:b', ''],
      [null, 'local'],
      ['Twice', 'FIRST@x'],
    ];
    for (const [index, [username, email]] of people.entries()) {
      await database.sql('people').insert({ id: index + 1, username, email, password: BCRYPT });
    }
    const logins = ['username', 'email'];
    const table = await openTable(database, {
      name: 'people',
      columns: { id: 'id', email: 'email', logins, password: 'password' },
      idForm: null,
      confirmed: { expression: '1 = 1' },
      groups: null,
    });
    const review = await reviewAccounts(table, readerOf(database, table).findByLogin, ADOPTED);
    const told = (obstacles: Review['obstacles']) =>
      Object.fromEntries(obstacles.map(({ reason, examples }) => [reason, idsOf(examples).join(' ')]));
    t.deepEqual(told(review.unusable), {
      'the username has an @, and so is read as an email': '3 4',
      'another row has the same email, but for case or composition': '9',
    });
    t.deepEqual(told(review.obstacles), {
      'another row has the same login as the username': '5 6',
      'another row has the same email, but for case or composition': '5',
      'the email is NULL': '6',
      'the username has a colon or a control character, which HTTP Basic cannot carry': '7',
      'the email is empty': '7',
      'the username is NULL': '8',
      'the email has no @, and so is read as another login': '8',
    });
    t.like(review, { never: 4, canLogIn: { count: 5 }, duplicates: { logins: 2, rows: 3 } });
  });
}
