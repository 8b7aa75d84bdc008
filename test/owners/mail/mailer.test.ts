import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { folderTransport } from '../../../gateway/owners/mail/folder.ts';
import { DeliveryFailure } from '../../../gateway/owners/mail/letter.ts';
import { createMailer } from '../../../gateway/owners/mail/mailer.ts';
import { type MailLocation, parseMailUrl } from '../../../gateway/settings/schema/mail.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { mailServer } from '../../support/owners/mail-server.ts';
import { logLines } from '../../support/reports/log-lines.ts';

const FROM = { name: 'Gatehouse', address: 'no-reply@example.com' };
const MAIL = { to: 'ada@example.com', subject: 'Hello', text: 'Grüße\n\nhttps://x/y?link=z\n', html: '<p>Grüße</p>' };
const LETTER = { ...MAIL, id: 'an-id', date: new Date('2030-03-17T17:46:40.123Z') };

function locationOf(url: string): MailLocation {
  const location = parseMailUrl(url);
  if (typeof location === 'string') throw new Error(location);
  return location;
}

async function emptyFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-mail-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'deep', 'mail');
}

test('mails to a server are sent in the background, and each is its own', async (t) => {
  const server = await mailServer(t);
  const { log, lines } = logLines();
  const mailer = createMailer({ location: locationOf(server.url), from: FROM, log, print() {} });
  for (let i = 0; i < 20; i++) mailer.send({ ...MAIL, to: `ada${i}@example.com`, text: `number ${i}` });
  t.is(server.attempts, 0);
  await mailer.close(60_000);
  t.is(server.received.length, 20);
  t.is(new Set(server.received.map(({ to }) => to[0])).size, 20);
  t.is(new Set(server.received.map(({ raw }) => /^message-id: (.*)/im.exec(raw)?.[1])).size, 20);
  t.is(lines.filter(({ msg }) => msg === 'mail sent').length, 20);
});

test('a mail that fails for now is sent again as the same mail, so that two copies would be known as one', async (t) => {
  const server = await mailServer(t, {
    judge: (attempt) => (attempt === 1 ? { code: 451, text: 'later' } : 'take'),
  });
  const { log, lines } = logLines();
  const mailer = createMailer({ location: locationOf(server.url), from: FROM, log, print() {} });
  mailer.send(MAIL);
  await holds('it fails', () => lines.length === 1);
  t.like(lines[0], { msg: 'mail not sent; will be retried', fault: 'mail', tries: 1 });
  await mailer.close(60_000);
  t.is(server.received.length, 1);
  t.true(server.received[0]?.raw.includes(String(lines[0]?.mail)));
});

test('no header can be written into an address or a subject, and what would be two addresses is none', async (t) => {
  const server = await mailServer(t);
  const { log, lines } = logLines();
  const mailer = createMailer({ location: locationOf(server.url), from: FROM, log, print() {} });
  const evil: Partial<typeof MAIL>[] = [
    { to: 'ada@example.com\r\nBcc: eve@example.com' },
    { to: 'ada@example.com, eve@example.com' },
    { to: 'eve@example.com,ada@example.com' },
    { to: 'Ada <eve@example.com>' },
    { to: '"a@b"@example.com' },
    { to: 'eve%example.org@example.com' },
    { to: '' },
    { subject: 'Hello\r\nBcc: eve@example.com' },
    { subject: 'Hello\nX: y' },
    { subject: 'Hello\u2028X: y' },
    { subject: 'Hello\0' },
  ];
  for (const change of evil) mailer.send({ ...MAIL, ...change });
  await mailer.close(60_000);
  t.is(server.attempts, 0);
  t.is(lines.length, evil.length);
  for (const line of lines) t.like(line, { msg: 'mail not sent', fault: 'mail' });
  t.notRegex(JSON.stringify(lines), /eve@|example/);
});

test('in a folder, each mail is a file of its own that only its owner may read, and is printed', async (t) => {
  const folder = await emptyFolder(t);
  const printed: string[] = [];
  const transport = folderTransport(folder, FROM, (text) => void printed.push(text));
  const { signal } = new AbortController();
  await transport.deliver(LETTER, signal);
  await transport.deliver(LETTER, signal);
  const files = await readdir(folder);
  t.is(files.length, 2);
  for (const file of files) {
    t.regex(file, /^2030-03-17T17-46-40\.123Z-ada@example\.com-[0-9a-f]{6}\.eml$/);
    t.is((await stat(join(folder, file))).mode & 0o777, 0o600);
  }
  t.is((await stat(folder)).mode & 0o777, 0o700);

  const text = await readFile(join(folder, files[0] ?? ''), 'utf8');
  t.regex(text, /^To: ada@example\.com$/m);
  t.regex(text, /^Subject: Hello$/m);
  t.true(text.endsWith(`\n\n${MAIL.text}`));
  t.is(printed.length, 2);
  t.true(printed[0]?.includes('ada@example.com'));
  t.true(printed[0]?.includes('https://x/y?link=z'));
});

test('a mail that is kept in a folder is shown as well', async (t) => {
  const folder = await emptyFolder(t);
  let shown = '';
  const mailer = createMailer({
    location: { kind: 'folder', folder },
    from: FROM,
    log: logLines().log,
    print(text) {
      shown += text;
    },
  });
  mailer.send(MAIL);
  await mailer.close(60_000);
  t.true(shown.includes('Mail to ada@example.com: Hello'));
  t.true(shown.includes('  https://x/y?link=z\n'));
  t.is((await readdir(folder)).length, 1);
});

test('an address never names a file outside of the folder', async (t) => {
  const folder = await emptyFolder(t);
  const transport = folderTransport(folder, FROM, () => {});
  const { signal } = new AbortController();
  await transport.deliver({ ...LETTER, to: '../../x/*?|&{}~`@example.com' }, signal);
  await transport.deliver({ ...LETTER, to: `${'ü'.repeat(200)}@example.com` }, signal);
  t.is((await readdir(folder)).length, 2);
});

test('a folder that cannot be written is a failure to try again', async (t) => {
  const transport = folderTransport('/dev/null/mail', FROM, () => t.fail());
  const error = await t.throwsAsync(transport.deliver(LETTER, new AbortController().signal), {
    instanceOf: DeliveryFailure,
  });
  t.true(error?.isTemporary);
});
