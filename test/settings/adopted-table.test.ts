import test from 'ava';
import { partsOfTable } from '../../gateway/settings/schema/table-name.ts';
import { adoptedTable } from '../../gateway/stores/accounts/adopted-table.ts';
import { problemsOf, ROUTES, settingsOf } from './problems.ts';

const accounts = (text: string) => `accounts: { ${text} }\n${ROUTES}`;
const columns = { id: 'id', email: 'email', logins: ['email'], password: 'password' };

test("without a table the accounts are in the gateway's own", (t) => {
  t.is(adoptedTable(settingsOf(t, ROUTES).accounts), null);
});

test('a table needs no more than to say who is confirmed', (t) => {
  const read = (text: string) => adoptedTable(settingsOf(t, accounts(text)).accounts);
  t.deepEqual(read('table: users, columns: { confirmed: active }'), {
    name: 'users',
    columns,
    idForm: null,
    confirmed: { column: 'active' },
    groups: null,
  });
  t.deepEqual(read('table: shop.users, columns: { id: uuid }, confirmedWhen: "1 = 1", readOnly: true'), {
    name: 'shop.users',
    columns: { ...columns, id: 'uuid' },
    idForm: null,
    confirmed: { expression: '1 = 1' },
    groups: null,
  });
  t.deepEqual(read('table: users, confirmedWhen: "1 = 1"')?.columns, columns);
});

test('account owners log in with the email, or with what login names', (t) => {
  const read = (text: string) =>
    adoptedTable(settingsOf(t, accounts(`table: users, columns: { ${text} }, confirmedWhen: "1 = 1"`)).accounts)
      ?.columns;
  t.deepEqual(read('email: mail'), { ...columns, email: 'mail', logins: ['mail'] });
  t.deepEqual(read('login: username, email: email'), { ...columns, logins: ['username'] });
  t.deepEqual(read('login: [username, email], email: email'), { ...columns, logins: ['username', 'email'] });
  t.deepEqual(read('login: [username, phone]'), { ...columns, email: null, logins: ['username', 'phone'] });
});

for (const [title, text, at, message] of [
  ['no column', 'columns: { login: [] }', 'accounts.columns.login', /is an empty list; must name a column/],
  ['a column twice', 'columns: { login: [a, A] }', 'accounts.columns.login', /names a column twice/],
  ['a map', 'columns: { login: { a: b } }', 'accounts.columns.login', /must be a column, or a list of columns/],
] as const) {
  test(`${title} as login is refused`, (t) => {
    const problems = problemsOf(accounts(`table: users, ${text}, confirmedWhen: "1 = 1"`));
    t.is(problems.length, 1, JSON.stringify(problems));
    t.is(problems[0]?.at.split(' ')[1], at);
    t.regex(problems[0]?.message ?? '', message);
  });
}

test('without a column of emails, nothing can be told of them', (t) => {
  const table = 'accounts: { table: users, columns: { login: phone }, confirmedWhen: "1 = 1" }';
  const issuer = 'assertion: { issuer: "https://a.example", claims: [groups, email] }';
  const problems = problemsOf(`${table}\nidentity: { email: true }\n${issuer}\n${ROUTES}`);
  t.deepEqual(
    problems.map(({ at }) => at.split(' ')[1]),
    ['identity.email', 'assertion.claims[1]'],
  );
  t.regex(problems[0]?.message ?? '', /needs accounts\.columns\.email/);
});

test('groups are in a column of the table, or in a table of their own with or without one for their names', (t) => {
  const read = (text: string) => {
    const whole = `table: users, confirmedWhen: "1 = 1", ${text}`;
    return adoptedTable(settingsOf(t, accounts(whole)).accounts)?.groups;
  };
  t.deepEqual(read('columns: { groups: roles }'), { column: 'roles' });
  const plain = { table: 'user_roles', account: 'user_id', name: 'role' };
  t.deepEqual(read('groups: { table: user_roles, account: user_id, name: role }'), plain);
  const joined = read(
    'groups: { table: model_has_roles, account: model_id, group: role_id, names: { table: roles }, where: { model_type: App\\Models\\User } }',
  );
  t.deepEqual(joined, {
    table: 'model_has_roles',
    account: 'model_id',
    group: 'role_id',
    names: { table: 'roles', id: 'id', name: 'name' },
    where: { model_type: 'App\\Models\\User' },
  });
});

test('names with other characters are written in quotes, as SQL has them; columns are named as they are', (t) => {
  const read = (text: string) => adoptedTable(settingsOf(t, accounts(`${text}, confirmedWhen: "1 = 1"`)).accounts);
  for (const [table, parts] of [
    ['users', ['users']],
    ['shop.users', ['shop', 'users']],
    ['AspNetUsers', ['AspNetUsers']],
    ['"my.table"', ['my.table']],
    ['"my.schema"."user accounts"', ['my.schema', 'user accounts']],
    ['auth."a""b"', ['auth', 'a"b']],
    ['benützer', ['benützer']],
  ] as const) {
    t.deepEqual(partsOfTable(read(`table: '${table}'`)?.name ?? ''), [...parts], table);
  }
  t.is(read('table: users, columns: { email: "e.mail address" }')?.columns.email, 'e.mail address');
});

test('the form of ids can be said', (t) => {
  const read = (id: string) =>
    adoptedTable(settingsOf(t, accounts(`table: users, columns: { id: ${id} }, confirmedWhen: "1 = 1"`)).accounts);
  t.like(read('{ name: key, as: uuid-swapped }'), { columns: { id: 'key' }, idForm: 'uuid-swapped' });
  t.like(read('{ as: uuid }'), { columns: { id: 'id' }, idForm: 'uuid' });
  t.like(read('key'), { columns: { id: 'key' }, idForm: null });
});

const REFUSED: [string, string, RegExp][] = [
  ['groups: { table: a, account: b, name: c }', 'accounts.groups', /accounts\.table/],
  [
    'table: users, columns: { confirmed: a, groups: b }, groups: { table: a, account: b, name: c }',
    'accounts.groups',
    /excludes accounts\.columns\.groups/,
  ],
  ['table: users, confirmedWhen: "1 = 1", groups: { table: a, account: b }', 'accounts.groups', /either name/],
  ['table: users, confirmedWhen: "1 = 1", groups: { table: a, account: b, group: c }', 'accounts.groups', /both group/],
  [
    'table: users, confirmedWhen: "1 = 1", groups: { table: a, account: b, name: c, where: { "[a]": 1 } }',
    'accounts.groups.where["[a]"]',
    /is not a column/,
  ],
  ['table: users', 'accounts.table', /columns\.confirmed.*confirmedWhen: "1 = 1"/],
  ['table: users, columns: { id: uuid }', 'accounts.table', /columns\.confirmed/],
  ['table: users, columns: { confirmed: a }, confirmedWhen: "1 = 1"', 'accounts.confirmedWhen', /must be left out/],
  ['columns: { confirmed: a }', 'accounts.columns', /accounts\.table/],
  ['confirmedWhen: "1 = 1"', 'accounts.confirmedWhen', /accounts\.table/],
  ['readOnly: true', 'accounts.readOnly', /accounts\.table/],
  ['table: users, confirmedWhen: "1 = 1", readOnly: false', 'accounts.readOnly', /never writes to the table/],
  [
    'table: users, columns: { id: { as: binary }, confirmed: a }',
    'accounts.columns.id.as',
    /must be one of uuid, uuid-swapped, guid, text/,
  ],
  ['table: users, columns: { id: [a], confirmed: a }', 'accounts.columns.id', /name/],
  ['table: "users; drop", confirmedWhen: "1 = 1"', 'accounts.table', /name of a table/],
  ['table: a.b.c, confirmedWhen: "1 = 1"', 'accounts.table', /name of a table/],
  ['table: users, columns: { confirmed: "`a`" }', 'accounts.columns.confirmed', /name of a column as it is, without/],
  ['table: users, columns: { id: "\\"id\\"", confirmed: a }', 'accounts.columns.id', /name of a column/],
  ['table: users, columns: { id: "id ", confirmed: a }', 'accounts.columns.id', /name of a column/],
  ['table: \'"a?b"\', confirmedWhen: "1 = 1"', 'accounts.table', /name of a table/],
  ['table: \'"ab\', confirmedWhen: "1 = 1"', 'accounts.table', /name of a table/],
  ['table: users, confirmedWhen: "a = ?"', 'accounts.confirmedWhen', /without "\?"/],
  ['table: users, confirmedWhen: " "', 'accounts.confirmedWhen', /SQL expression/],
  ['table: users, colums: { confirmed: a }, confirmedWhen: "1 = 1"', 'accounts.colums', /did you mean "columns"/],
];

for (const [text, key, message] of REFUSED) {
  test(`refused, once: accounts: { ${text} }`, (t) => {
    const [problem, ...others] = problemsOf(accounts(text));
    t.deepEqual(others, []);
    t.is(problem?.at.split(' ')[1], key);
    t.regex(problem?.message ?? '', message);
  });
}
