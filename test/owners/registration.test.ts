import test from 'ava';
import { DATABASES } from '../lab/stores/database.ts';
import { owners, PAGES, quickHash } from '../support/owners/owners.ts';

const CLIENT = '192.0.2.1';
const ASKED = { kind: 'accepted' } as const;
const HOUR = 3_600_000;

for (const kind of DATABASES) {
  test(`${kind}: who registers gets a link, and with it, once, a confirmed account`, async (t) => {
    const { actions, accounts, mails, lastLink } = await owners(t, kind);
    t.deepEqual(await actions.register('Ada@Example.com', 'correct horse', CLIENT), ASKED);
    const [mail, ...more] = await mails();
    t.is(more.length, 0);
    t.like(mail, { to: 'Ada@Example.com', subject: 'Confirm your Shop account' });
    t.true(mail?.text.includes(`${PAGES}/confirm?link=`));
    const added = await accounts.findByLogin('ada@example.com');
    t.like(added, { confirmed: false, passwordHash: quickHash('correct horse') });

    const link = await lastLink();
    t.deepEqual(await actions.findLink('confirm', link), { account: added, change: null });
    const outcomes = await Promise.all([actions.confirm(link), actions.confirm(link)]);
    t.deepEqual(outcomes.map((outcome) => outcome.kind).sort(), ['already', 'confirmed']);
    const confirmed = outcomes.find((outcome) => outcome.kind === 'confirmed');
    const account = await accounts.findByLogin('ada@example.com');
    t.deepEqual(confirmed, { kind: 'confirmed', account });
    t.like(account, { confirmed: true, passwordHash: quickHash('correct horse') });
    t.not(account?.stamp, added?.stamp);
    t.deepEqual(await actions.confirm(link), { kind: 'already' });
    t.is(await actions.findLink('confirm', link), null);
  });

  test(`${kind}: an address with a confirmed account gets word of it, as that account has it, and nothing changes`, async (t) => {
    const { actions, accounts, mails, add } = await owners(t, kind);
    const ada = await add('ada@example.com', true);
    t.deepEqual(await actions.register('ADA@example.com', 'correct horse', CLIENT), ASKED);
    const [mail, ...more] = await mails();
    t.is(more.length, 0);
    t.like(mail, { to: 'ada@example.com', subject: 'You already have an account at Shop' });
    t.true(mail?.text.includes(`${PAGES}/forgotten`));
    t.notRegex(mail?.text ?? '', /link=/);
    t.deepEqual(await accounts.findByLogin('ada@example.com'), ada);
  });

  test(`${kind}: two who register one address at once have one account, and one of them gets word of the other`, async (t) => {
    const { actions, accounts, mails } = await owners(t, kind);
    const asked = ['ada@example.com', 'ADA@example.com'].map((email) =>
      actions.register(email, 'correct horse', CLIENT),
    );
    t.deepEqual(await Promise.all(asked), [ASKED, ASKED]);
    t.deepEqual(
      (await mails()).map(({ subject }) => subject),
      ['Confirm your Shop account', 'Finish your Shop registration'],
    );
    t.is((await accounts.list()).length, 1);
  });

  test(`${kind}: who registers somebody else's address first never gets in beside him`, async (t) => {
    const { actions, accounts, mails, lastLink } = await owners(t, kind);
    await actions.register('ada@example.com', 'chosen by eve', CLIENT);
    const first = await lastLink();
    await actions.register('ada@example.com', 'chosen by ada', CLIENT);
    const second = await lastLink();
    t.is((await accounts.findByLogin('ada@example.com'))?.passwordHash, null);
    t.deepEqual(await actions.confirm(first), { kind: 'void' });
    t.like((await mails()).at(-1), { to: 'ada@example.com', subject: 'Finish your Shop registration' });

    // Eve cannot make Ada's link void by registering again, nor have a link sent that confirms without a password.
    await actions.register('ada@example.com', 'chosen by eve', CLIENT);
    await actions.sendConfirmationAgain('ada@example.com');
    for (const { subject } of (await mails()).slice(1)) t.is(subject, 'Finish your Shop registration');
    const outcome = await actions.finishReset(second, 'chosen by ada', CLIENT);
    t.is(outcome.kind, 'changed');
    t.like(await accounts.findByLogin('ada@example.com'), {
      confirmed: true,
      passwordHash: quickHash('chosen by ada'),
    });
    t.deepEqual(await actions.finishReset(second, 'chosen by eve', CLIENT), { kind: 'void' });
    t.is((await mails()).length, 4);
  });

  test(`${kind}: an account that is confirmed while somebody registers its address again keeps its password`, async (t) => {
    const { actions, accounts, mails, add } = await owners(t, kind, ({ accounts, revoker }) => ({
      revoker: {
        ...revoker,
        changeAndRevoke: async (id, change) => {
          await accounts.setConfirmed(id, true);
          return await revoker.changeAndRevoke(id, change);
        },
      },
    }));
    const bob = await add('bob@example.com', false);
    t.deepEqual(await actions.register('bob@example.com', 'chosen by eve', CLIENT), ASKED);
    t.is((await mails()).length, 0);
    t.like(await accounts.findById(bob.id), { confirmed: true, passwordHash: bob.passwordHash });
  });

  test(`${kind}: a confirmation is sent again to an account that waits for it, and to nobody else`, async (t) => {
    const { actions, mails, lastLink, add } = await owners(t, kind);
    await add('ada@example.com', true);
    await add('bob@example.com', false);
    for (const email of ['ada@example.com', 'nobody@example.com', 'BOB@example.com']) {
      t.deepEqual(await actions.sendConfirmationAgain(email), ASKED, email);
    }
    t.deepEqual(
      (await mails()).map(({ to, subject }) => [to, subject]),
      [['bob@example.com', 'Confirm your Shop account']],
    );
    t.is((await actions.confirm(await lastLink())).kind, 'confirmed');
  });

  test(`${kind}: a link that is late, for something else or of another account's state confirms nothing`, async (t) => {
    const { actions, accounts, links, add } = await owners(t, kind);
    const bob = await add('bob@example.com', false);
    const carl = await add('carl@example.com', false);
    const good = links.make({ purpose: 'confirm' }, bob, HOUR);
    for (const link of [
      links.make({ purpose: 'confirm' }, bob, 0),
      links.make({ purpose: 'reset' }, bob, HOUR),
      links.make({ purpose: 'email', email: 'bob@example.com', endTokens: false }, bob, HOUR),
      links.make({ purpose: 'confirm' }, { ...carl, id: bob.id }, HOUR),
      links.make({ purpose: 'confirm' }, { ...bob, id: '99' }, HOUR),
      `${good}x`,
      '',
    ]) {
      t.deepEqual(await actions.confirm(link), { kind: 'void' });
    }
    t.deepEqual(await accounts.findById(bob.id), bob);

    await accounts.setPassword(bob.id, 'another');
    t.deepEqual(await actions.confirm(good), { kind: 'void' });
    await accounts.remove(bob.id);
    t.deepEqual(await actions.confirm(good), { kind: 'void' });
  });
}

test('what cannot be taken is told for each field at once, and nothing is done', async (t) => {
  const hashed: string[] = [];
  const { actions, accounts, mails } = await owners(t, 'sqlite', () => ({
    hash: async (password) => {
      hashed.push(password);
      return password;
    },
  }));
  for (const [email, password, problems] of [
    ['', '', ['The email is empty.', 'The password is empty.']],
    ['ada', 'seven 7', [/exactly one @/, 'The password has fewer than 8 characters.']],
    ['ada@1.2.3.4', 'correct horse', ['The email is not an address that we can send mail to.']],
    ['eve@x,ada@example.com', 'correct horse', [/exactly one @/]],
    ['a,b@example.com', 'correct horse', ['The email is not an address that we can send mail to.']],
    ['ada@example.com', 'ADA@example.com', ['The password is the email.']],
    ['ada@example.com', 'ä'.repeat(37), [/74 bytes long/]],
    ['ada@example.com', 'correct\0horse', [/control character/]],
    ['ada@example.com\r\nBcc: eve@x', 'correct horse', [/control character/]],
  ] as const) {
    const outcome = await actions.register(email, password, CLIENT);
    if (outcome.kind !== 'invalid') return t.fail(email);
    t.is(outcome.problems.length, problems.length, email);
    for (const [i, expected] of problems.entries()) {
      const { text = '' } = outcome.problems[i] ?? {};
      if (typeof expected === 'string') t.is(text, expected);
      else t.regex(text, expected);
    }
  }
  t.is((await actions.register('ada@example.com', '🐎🐎🐎🐎🐎🐎🐎🐎', CLIENT)).kind, 'accepted');
  t.is((await mails()).length, 1);
  t.is(hashed.length, 1);
  t.is((await accounts.list()).length, 1);
});

test('so many links go to an address in an hour and no more, and those that went stay good', async (t) => {
  const { actions, mails, lines, lastLink } = await owners(t, 'sqlite');
  await actions.register('ada@example.com', 'correct horse', CLIENT);
  for (let i = 0; i < 9; i++) {
    t.deepEqual(await actions.sendConfirmationAgain('ada@example.com'), ASKED);
  }
  t.is((await mails()).length, 5);
  t.is(lines.filter(({ msg }) => msg === 'mail not sent: too many to this address').length, 5);
  for (let i = 0; i < 9; i++) {
    t.deepEqual(await actions.register('ada@example.com', 'correct horse', CLIENT), ASKED);
  }
  t.is((await mails()).length, 10);
  t.is((await actions.finishReset(await lastLink(), 'correct horse', CLIENT)).kind, 'changed');
});
