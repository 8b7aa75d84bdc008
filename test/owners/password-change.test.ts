import test from 'ava';
import { createMailer } from '../../gateway/owners/mail/mailer.ts';
import { parseMailUrl } from '../../gateway/settings/schema/mail.ts';
import { sqlAccountStore } from '../../gateway/stores/accounts/store.ts';
import { DATABASES } from '../lab/stores/database.ts';
import { linksIn, mailServer } from '../support/owners/mail-server.ts';
import { owners, PAGES, quickHash } from '../support/owners/owners.ts';
import { logLines } from '../support/reports/log-lines.ts';

const CLIENT = '192.0.2.1';
const ASKED = { kind: 'accepted' } as const;
const HOUR = 3_600_000;

for (const kind of DATABASES) {
  test(`${kind}: a forgotten password is chosen anew by the link in a mail, once, and ends all tokens`, async (t) => {
    const { actions, accounts, mails, lastLink, add, liveTokens } = await owners(t, kind);
    const ada = await add('ada@example.com', true);
    t.deepEqual(await actions.startReset('ADA@example.com'), ASKED);
    t.deepEqual(await actions.startReset('nobody@example.com'), ASKED);
    const [mail, ...more] = await mails();
    t.is(more.length, 0);
    t.like(mail, { to: 'ada@example.com', subject: 'Choose a new Shop password' });
    t.true(mail?.text.includes(`${PAGES}/reset?link=`));
    t.deepEqual(await accounts.findById(ada.id), ada);

    const link = await lastLink();
    const both = await Promise.all(
      ['one of two', 'two of two'].map((password) => actions.finishReset(link, password, CLIENT)),
    );
    t.deepEqual(both.map((outcome) => outcome.kind).sort(), ['changed', 'void']);
    const [winner, password] = both[0]?.kind === 'changed' ? [both[0], 'one of two'] : [both[1], 'two of two'];
    const account = await accounts.findById(ada.id);
    t.deepEqual(winner, { kind: 'changed', account });
    t.is(account?.passwordHash, quickHash(password));
    t.not(account?.stamp, ada.stamp);
    t.is(await liveTokens(ada.id), 0);
    t.like((await mails()).at(-1), {
      to: 'ada@example.com',
      subject: 'The password of your Shop account was changed',
    });
    t.is((await mails()).length, 2);
    t.deepEqual(await actions.finishReset(link, 'one of two', CLIENT), { kind: 'void' });
  });

  test(`${kind}: a password that cannot be taken leaves the link good`, async (t) => {
    const { actions, lastLink, add } = await owners(t, kind);
    await add('ada@example.com', true);
    await actions.startReset('ada@example.com');
    const link = await lastLink();
    for (const [password, problem] of [
      ['short', 'The password has fewer than 8 characters.'],
      ['Ada@example.com', 'The password is the email.'],
    ] as const) {
      t.deepEqual(await actions.finishReset(link, password, CLIENT), {
        kind: 'invalid',
        problems: [{ field: 'password', text: problem }],
      });
    }
    t.is((await actions.finishReset(link, 'long enough', CLIENT)).kind, 'changed');
  });

  test(`${kind}: who has forgotten the password before confirming has confirmed by choosing another`, async (t) => {
    const { actions, accounts, mails, lastLink, add } = await owners(t, kind);
    const bob = await add('bob@example.com', false);
    await actions.startReset('bob@example.com');
    const outcome = await actions.finishReset(await lastLink(), 'long enough', CLIENT);
    const account = await accounts.findById(bob.id);
    t.deepEqual(outcome, { kind: 'changed', account });
    t.like(account, { confirmed: true, passwordHash: quickHash('long enough') });
    t.is((await mails()).length, 1);
  });

  test(`${kind}: any change of the account makes the link void, and so do time and another purpose`, async (t) => {
    const { actions, accounts, links, add } = await owners(t, kind);
    const changes = [
      (id: string) => accounts.setPassword(id, 'another'),
      (id: string) => accounts.setConfirmed(id, false),
      async (id: string) => {
        const seen = await accounts.findById(id);
        return seen !== null && (await accounts.setEmail(seen, `new${id}@example.com`, 'keep')) === 'changed';
      },
      (id: string) => accounts.remove(id),
    ];
    for (const [i, change] of changes.entries()) {
      const account = await add(`${i}@example.com`, true);
      const link = links.make({ purpose: 'reset' }, account, HOUR);
      t.not(await actions.findLink('reset', link), null);
      t.true(await change(account.id));
      t.deepEqual(await actions.finishReset(link, 'long enough', CLIENT), { kind: 'void' }, String(i));
    }
    const ada = await add('ada@example.com', true);
    for (const link of [
      links.make({ purpose: 'reset' }, ada, 0),
      links.make({ purpose: 'confirm' }, ada, HOUR),
      links.make({ purpose: 'email', email: 'new@example.com', endTokens: true }, ada, HOUR),
      '',
    ]) {
      t.deepEqual(await actions.finishReset(link, 'long enough', CLIENT), { kind: 'void' });
    }
    t.deepEqual(await accounts.findById(ada.id), ada);
  });

  test(`${kind}: an account that changes while the new password is being hashed keeps what it has got`, async (t) => {
    const hashing = Promise.withResolvers<void>();
    const { actions, accounts, links, add } = await owners(t, kind, ({ hash }) => ({
      hash: (password) => hashing.promise.then(() => hash(password)),
    }));
    const ada = await add('ada@example.com', true);
    const reset = actions.finishReset(links.make({ purpose: 'reset' }, ada, HOUR), 'by the link', CLIENT);
    const change = actions.changePassword(ada, 'by the form', CLIENT);
    await accounts.setPassword(ada.id, 'by the operator');
    hashing.resolve();
    t.deepEqual(await reset, { kind: 'void' });
    t.deepEqual(await change, { kind: 'stale' });
    t.is((await accounts.findById(ada.id))?.passwordHash, 'by the operator');
  });

  test(`${kind}: a changed password ends all tokens, and its owner gets word of it`, async (t) => {
    const { actions, accounts, mails, add, liveTokens } = await owners(t, kind);
    const ada = await add('ada@example.com', true);
    t.deepEqual(await actions.changePassword(ada, 'short', CLIENT), {
      kind: 'invalid',
      problems: [{ field: 'password', text: 'The password has fewer than 8 characters.' }],
    });
    t.is(await liveTokens(ada.id), 1);
    const outcome = await actions.changePassword(ada, 'long enough', CLIENT);
    const account = await accounts.findById(ada.id);
    t.deepEqual(outcome, { kind: 'changed', account });
    t.is(account?.passwordHash, quickHash('long enough'));
    t.is(await liveTokens(ada.id), 0);
    t.deepEqual(
      (await mails()).map(({ to, subject }) => [to, subject]),
      [['ada@example.com', 'The password of your Shop account was changed']],
    );
    t.deepEqual(await actions.changePassword(ada, 'long enough too', CLIENT), { kind: 'stale' });
  });
}

test('word of a change reaches an owner whatever somebody else has asked for in his name', async (t) => {
  const { actions, mails, add } = await owners(t, 'sqlite');
  const ada = await add('ada@example.com', true);
  for (let i = 0; i < 9; i++) {
    await actions.startReset('ada@example.com');
    await actions.register('ada@example.com', 'correct horse', CLIENT);
  }
  t.is((await mails()).length, 10);
  await actions.changePassword(ada, 'long enough', CLIENT);
  t.regex((await mails()).at(-1)?.subject ?? '', /was changed/);
});

test('through a real mail server, the link of the mail is the one that works', async (t) => {
  const server = await mailServer(t);
  const location = parseMailUrl(server.url);
  if (typeof location === 'string') throw new Error(location);
  const from = { name: 'Shop', address: 'no-reply@example.com' };
  const mailer = createMailer({ location, from, log: logLines().log, print() {} });
  const { actions, database, mails, add } = await owners(t, 'sqlite', () => ({ mailer }));
  const ada = await add('ada@example.com', true);
  await actions.startReset('ada@example.com');
  await mails();
  await mailer.close(60_000);
  const [mail] = server.received;
  const [link = ''] = mail === undefined ? [] : linksIn(mail);
  const token = new URL(link).searchParams.get('link') ?? '';
  t.is((await actions.finishReset(token, 'long enough', CLIENT)).kind, 'changed');
  t.is((await sqlAccountStore(database).findById(ada.id))?.passwordHash, quickHash('long enough'));
});
