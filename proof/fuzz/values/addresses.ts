import { domainToASCII } from 'node:url';
import { canonicalEmail } from '../../../gateway/domain/account.ts';
import { problemsOfEmail } from '../../../gateway/owners/input.ts';
import { problemOf } from '../../../gateway/owners/mail/letter.ts';
import { smtpTransport } from '../../../gateway/owners/mail/smtp.ts';
import { parseMailUrl } from '../../../gateway/settings/schema/mail.ts';
import { type MailServer, mailServer, type ReceivedMail } from '../../../test/support/owners/mail-server.ts';
import type { Random } from '../../random.ts';
import type { Campaign } from '../campaign.ts';
import { type Finding, firstOf, unequal } from '../finding.ts';
import { mutate } from '../mutations.ts';

const FROM = { name: 'Gatehouse', address: 'no-reply@gateway.example' };
const TIMEOUTS = { connect: 5_000, greeting: 5_000, idle: 5_000, whole: 10_000 };

/**
 * Addresses that somebody registers with. What is accepted reaches a mail server as the one recipient that it is, and adds nothing
 * to the commands and to the head of the mail; what every mail server knows as an address is accepted.
 */
export const addresses: Campaign = {
  name: 'addresses',
  async open(scope) {
    const server = await mailServer(scope);
    const location = parseMailUrl(server.url);
    if (typeof location === 'string' || location.kind !== 'smtp') throw new Error(String(location));
    const transport = smtpTransport(location, FROM, TIMEOUTS);
    return { generate, compare: (bytes) => compare(bytes.toString(), server, transport.deliver) };
  },
};

const LOCAL_PARTS: readonly [string, ...string[]] = [
  'ada',
  'a.b',
  'a+b',
  "o'neil",
  'x'.repeat(64),
  'x'.repeat(65),
  'ä',
  '用户',
  'a\u0308',
  '\u212a',
  'ada%other.example',
  'a!b',
  '"a b"',
  '"a@b"',
  '"a\\"b"',
  'a..b',
  '.a',
  'a.',
  '-a',
  'a b',
  'a,b',
  'a;b',
  'a:b',
  'a<b',
  'a>',
  '<a',
  'a(b)',
  'a\\b',
  'a/../b',
  '=?utf-8?q?a?=',
  'a\r\nRCPT TO:<b@c.de>',
  'a\nBcc: b@c.de',
  'a\0',
  'a\u2028',
  'a\u00ad',
  'a\u200b',
  'a\ufeff',
  '\u202ea',
  '{}|^`',
  '*',
];
const DOMAINS: readonly [string, ...string[]] = [
  'example.com',
  'EXAMPLE.com',
  'bücher.example',
  'BÜCHER.example',
  'xn--bcher-kva.example',
  'ex\u00adample.com',
  'faß.de',
  'localhost',
  'ｅxample.com',
  'example。com',
  'example.com.',
  '.example.com',
  'a..b',
  '127.0.0.1',
  '[127.0.0.1]',
  '0x7f.1',
  '1.2',
  'a_b.de',
  '-a.de',
  'example.com:25',
  'example.com>',
  'example.com> SIZE=9',
  'example.com,b.de',
  'a b.de',
  'xn--a',
  'xn--80ak6aa92e.com',
  '\u0131.de',
  '٠.de',
  `${'a'.repeat(63)}.de`,
  `${'a'.repeat(64)}.de`,
  `${'a.'.repeat(110)}de`,
  'a\r\n.de',
  'a\0.de',
  'ex%61mple.com',
  'a@b.de',
  '\u{1f600}.de',
  'İ.de',
];

function generate(random: Random): Buffer {
  const atSign = random.mostly(12, '@', '', '@@', '＠', ' @');
  const text = `${random.mostly(3, random.of(['ada', 'ä', 'a.b+c']), ...LOCAL_PARTS)}${atSign}${random.mostly(3, random.of(['example.com', 'bücher.example']), ...DOMAINS)}`;
  return random.once(3) ? mutate(random, Buffer.from(text)) : Buffer.from(text);
}

async function compare(
  to: string,
  server: MailServer,
  deliver: ReturnType<typeof smtpTransport>['deliver'],
): Promise<Finding> {
  const [problem] = problemsOfEmail(to);
  if (problem !== undefined) {
    const isUsual = /^[a-z0-9]{1,30}(?:[.+][a-z0-9]{1,30})?@(?:[a-z0-9]{1,20}\.){1,3}[a-z]{2,10}$/i.test(to);
    return { kind: 'refused', difference: isUsual ? `refuses ${to}: ${problem.text}` : null };
  }
  const letter = { to, subject: 'A subject', text: 'A text\n', html: '<p>A text</p>', id: 'id', date: new Date(0) };
  const before = server.received.length;
  const withheld = problemOf(letter);
  const failure = withheld ?? (await deliver(letter, new AbortController().signal).then(() => null, String));
  const [mail, ...more] = server.received.slice(before);
  const isAscii = /^\p{ASCII}*$/u.test(to);
  const difference = firstOf(
    failure === null ? null : `is accepted, but not sent: ${failure}`,
    mail === undefined && failure === null ? 'is not received' : null,
    unequal('more mails', more.length, 0),
    mail === undefined ? null : differenceIn(mail, to),
    unequal('canonical form', canonicalEmail(canonicalEmail(to)), canonicalEmail(to)),
  );
  return { kind: `sent: ${isAscii ? 'ASCII' : 'Unicode'}`, difference };
}

/** The lines that nodemailer writes, each once. */
const HEAD = ['auto-submitted', 'content-type', 'date', 'from', 'message-id', 'mime-version', 'subject', 'to'];

function differenceIn({ from, to, raw }: ReceivedMail, sent: string): string | null {
  const head = raw
    .slice(0, raw.indexOf('\r\n\r\n'))
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const names = head.map((line) => line.slice(0, line.indexOf(':')).toLowerCase());
  const toLine = head.find((line) => /^to:/i.test(line)) ?? '';
  return firstOf(
    unequal('sender', from, FROM.address),
    unequal('recipients', to.map(mailboxOf), [mailboxOf(sent)]),
    unequal('head', names.toSorted(), HEAD),
    unequal('addresses in To', mailboxOf(toLine.replace(/^to: *<?|>?$/gi, '')), mailboxOf(sent)),
  );
}

/** The same for all spellings of one mailbox. */
function mailboxOf(address: string): string {
  const at = address.lastIndexOf('@');
  return `${address.slice(0, at).normalize('NFC')}@${domainToASCII(address.slice(at + 1))}`;
}
