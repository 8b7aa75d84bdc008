import test from 'ava';
import { partForTokens } from '../../gateway/domain/account.ts';
import { DATABASES } from '../lab/stores/database.ts';
import { owners, PAGES } from '../support/owners/owners.ts';

const ASKED = { kind: 'accepted' } as const;
const HOUR = 3_600_000;

for (const kind of DATABASES) {
  test(`${kind}: an account gets another email when the link that was sent there is used, once`, async (t) => {
    const { actions, accounts, mails, lastLink, add, liveTokens } = await owners(t, kind);
    const ada = await add('ada@example.com', true);
    t.deepEqual(await actions.startEmailChange(ada, { email: 'New@Example.com', endTokens: false }), ASKED);
    const [mail, ...more] = await mails();
    t.is(more.length, 0);
    t.like(mail, { to: 'New@Example.com', subject: 'Confirm your new Shop email address' });
    t.true(mail?.text.includes(`${PAGES}/email/confirm?link=`));
    t.notRegex(mail?.text ?? '', /ada@example/);
    t.deepEqual(await accounts.findById(ada.id), ada);

    const link = await lastLink();
    const both = await Promise.all([actions.finishEmailChange(link), actions.finishEmailChange(link)]);
    t.deepEqual(both.map((outcome) => outcome.kind).sort(), ['changed', 'void']);
    const account = await accounts.findById(ada.id);
    t.deepEqual(
      both.find((outcome) => outcome.kind === 'changed'),
      { kind: 'changed', account },
    );
    t.like(account, { email: 'New@Example.com', confirmed: true, passwordHash: ada.passwordHash });
    t.like((await mails()).at(-1), {
      to: 'ada@example.com',
      subject: 'The email address of your Shop account was changed',
    });
    t.is((await mails()).length, 2);
    t.is(await liveTokens(ada.id), 1);
    t.is(partForTokens(account?.stamp ?? ''), ada.stamp);
    t.deepEqual(await actions.finishEmailChange(link), { kind: 'void' });
  });

  test(`${kind}: tokens end with the old email where that was asked`, async (t) => {
    const { actions, accounts, lastLink, add, liveTokens } = await owners(t, kind);
    const ada = await add('ada@example.com', true);
    await actions.startEmailChange(ada, { email: 'new@example.com', endTokens: true });
    const link = await lastLink();
    t.is(await liveTokens(ada.id), 1);
    const both = await Promise.all([actions.finishEmailChange(link), actions.finishEmailChange(link)]);
    t.deepEqual(both.map((outcome) => outcome.kind).sort(), ['changed', 'void']);
    t.is(await liveTokens(ada.id), 0);
    t.not((await accounts.findById(ada.id))?.stamp, ada.stamp);
  });

  test(`${kind}: of two links for two addresses, the first that is used counts`, async (t) => {
    const { actions, accounts, links, add } = await owners(t, kind);
    const ada = await add('ada@example.com', true);
    const changes = ['one@example.com', 'two@example.com'].map((email, i) =>
      links.make({ purpose: 'email', email, endTokens: i === 0 }, ada, HOUR),
    );
    const both = await Promise.all(changes.map((link) => actions.finishEmailChange(link)));
    t.deepEqual(both.map((outcome) => outcome.kind).sort(), ['changed', 'void']);
    const expected = both[0]?.kind === 'changed' ? 'one@example.com' : 'two@example.com';
    t.is((await accounts.findById(ada.id))?.email, expected);
  });

  test(`${kind}: an address that another account has is told to its owner and to nobody else`, async (t) => {
    const { actions, accounts, mails, add } = await owners(t, kind);
    const ada = await add('ada@example.com', true);
    const bob = await add('bob@example.com', true);
    t.deepEqual(await actions.startEmailChange(ada, { email: 'BOB@example.com', endTokens: true }), ASKED);
    t.deepEqual(
      (await mails()).map(({ to, subject }) => [to, subject]),
      [['bob@example.com', 'You already have an account at Shop']],
    );
    t.deepEqual(await accounts.findById(ada.id), ada);
    t.deepEqual(await accounts.findById(bob.id), bob);
  });

  test(`${kind}: an address that another account has got meanwhile stays there`, async (t) => {
    const { actions, accounts, links, add, liveTokens } = await owners(t, kind);
    const ada = await add('ada@example.com', true);
    for (const endTokens of [false, true]) {
      const email = `wanted${endTokens}@example.com`;
      const link = links.make({ purpose: 'email', email, endTokens }, ada, HOUR);
      await add(email.toUpperCase(), false);
      t.deepEqual(await actions.finishEmailChange(link), { kind: 'taken' });
    }
    t.deepEqual(await accounts.findById(ada.id), ada);
    t.is(await liveTokens(ada.id), 1);
  });

  test(`${kind}: a link that is late, for something else or of an account that has changed changes no email`, async (t) => {
    const { actions, accounts, links, add } = await owners(t, kind);
    const ada = await add('ada@example.com', true);
    const change = { purpose: 'email', email: 'new@example.com', endTokens: false } as const;
    const good = links.make(change, ada, HOUR);
    for (const link of [
      links.make(change, ada, 0),
      links.make({ purpose: 'reset' }, ada, HOUR),
      links.make({ purpose: 'confirm' }, ada, HOUR),
      links.make(change, { ...ada, stamp: 'another' }, HOUR),
      '',
    ]) {
      t.deepEqual(await actions.finishEmailChange(link), { kind: 'void' });
    }
    t.deepEqual(await accounts.findById(ada.id), ada);
    // Whoever had begun it with the old password has nothing of it any more.
    await accounts.setPassword(ada.id, 'another');
    t.deepEqual(await actions.finishEmailChange(good), { kind: 'void' });
  });
}

test('an email in another spelling may replace it, the very same may not', async (t) => {
  const { actions, accounts, lastLink, add } = await owners(t, 'sqlite');
  const ada = await add('ada@example.com', true);
  t.deepEqual(await actions.startEmailChange(ada, { email: 'ada@example.com', endTokens: false }), {
    kind: 'invalid',
    problems: [{ field: 'email', text: 'The email is the one that the account has.' }],
  });
  t.deepEqual(await actions.startEmailChange(ada, { email: 'Ada@Example.com', endTokens: false }), ASKED);
  t.is((await actions.finishEmailChange(await lastLink())).kind, 'changed');
  t.is((await accounts.findById(ada.id))?.email, 'Ada@Example.com');
});

for (const endTokens of [false, true]) {
  test(`every node is told to ask for the account again when its email has changed${endTokens ? ' and its tokens end' : ', and no token ends'}`, async (t) => {
    const { actions, database, lastLink, add, liveTokens } = await owners(t, 'sqlite');
    const ada = await add('ada@example.com', true);
    await actions.startEmailChange(ada, { email: 'new@example.com', endTokens });
    const begun = Date.now();
    await actions.finishEmailChange(await lastLink());
    const told = await database.query(
      database
        .sql<{ account_id: string; void_before: number; expires_at: number }>('gatehouse_revocations')
        .select('*'),
    );
    t.deepEqual(
      told.map(({ account_id }) => account_id),
      [ada.id],
    );
    t.is(Number(told[0]?.void_before) > 0, endTokens);
    t.true(Number(told[0]?.expires_at) > begun + 60_000, 'longer than any process knows an account');
    t.is(await liveTokens(ada.id), endTokens ? 0 : 1);
  });
}

test('nothing is told of an email that is taken meanwhile', async (t) => {
  const { actions, accounts, database, lastLink, add } = await owners(t, 'sqlite');
  const ada = await add('ada@example.com', true);
  await actions.startEmailChange(ada, { email: 'new@example.com', endTokens: false });
  const link = await lastLink();
  await accounts.add({ email: 'new@example.com', passwordHash: null, confirmed: true });
  t.deepEqual(await actions.finishEmailChange(link), { kind: 'taken' });
  t.deepEqual(await database.query(database.sql('gatehouse_revocations').pluck('position')), []);
});
