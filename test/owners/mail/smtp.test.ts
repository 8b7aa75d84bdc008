import { setDefaultCACertificates } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { DeliveryFailure, type Letter } from '../../../gateway/owners/mail/letter.ts';
import { type SmtpTimeouts, smtpTransport } from '../../../gateway/owners/mail/smtp.ts';
import { parseMailUrl } from '../../../gateway/settings/schema/mail.ts';
import { freePort } from '../../lab/processes/free-port.ts';
import { SELF_SIGNED } from '../../lab/upstreams/self-signed.ts';
import { tcpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { mailServer } from '../../support/owners/mail-server.ts';

const FROM = { name: 'Gäte, "House"', address: 'no-reply@example.com' };
const PATIENT: SmtpTimeouts = { connect: 20_000, greeting: 20_000, idle: 20_000, whole: 20_000 };
const LINK = `https://example.com/account/reset?link=${'eyJhbGciOiJIUzI1NiJ9'.repeat(8)}.x`;
const LETTER: Letter = {
  id: 'a-unique-id',
  date: new Date(1_900_000_000_000),
  to: 'ada@example.com',
  subject: 'Grüße',
  text: `Hello,\n\nchoose a new password: ün zwei\n\n${LINK}\n\n.\n..\nFrom here\n`,
  html: `<p>${LINK}</p>`,
};

function transportTo(url: string, timeouts = PATIENT) {
  const location = parseMailUrl(url);
  if (typeof location === 'string' || location.kind !== 'smtp') throw new Error(String(location));
  return smtpTransport(location, FROM, timeouts);
}

function deliver(url: string, timeouts = PATIENT, letter = LETTER): Promise<void> {
  return transportTo(url, timeouts).deliver(letter, new AbortController().signal);
}

async function failure(t: ExecutionContext, delivery: Promise<void>): Promise<DeliveryFailure> {
  return (await t.throwsAsync(delivery, { instanceOf: DeliveryFailure })) as DeliveryFailure;
}

test('a letter arrives as it was written, from whom it says and for nobody else', async (t) => {
  const server = await mailServer(t);
  await deliver(server.url);
  const [mail] = server.received;
  t.is(server.received.length, 1);
  t.like(mail, { from: 'no-reply@example.com', to: ['ada@example.com'], isEncrypted: false, user: null });
  t.is(mail?.text.trimEnd(), LETTER.text.trimEnd());
  const head = mail?.raw.split('\r\n\r\n')[0] ?? '';
  t.regex(head, /^Message-ID: <a-unique-id@example\.com>$/im);
  t.regex(head, /^Date: Sun, 17 Mar 2030 17:46:40 \+0000$/im);
  t.regex(head, /^Auto-Submitted: auto-generated$/im);
  t.regex(head, /^To: ada@example\.com$/im);
  t.notRegex(head, /nodemailer|x-mailer/i);
});

test('an address beyond ASCII goes as the mail system has it, and stays one address', async (t) => {
  const server = await mailServer(t);
  await deliver(server.url, PATIENT, { ...LETTER, to: 'ada@bücher.example' });
  await deliver(server.url, PATIENT, { ...LETTER, to: 'ümit@example.com' });
  await deliver(server.url, PATIENT, { ...LETTER, to: "o'neil+{x}=y@example.com" });
  t.deepEqual(
    server.received.map(({ to }) => to),
    [['ada@bücher.example'], ['ümit@example.com'], ["o'neil+{x}=y@example.com"]],
  );
  t.regex(server.received[0]?.raw ?? '', /^To: ada@xn--bcher-kva\.example\r$/im);
});

test('a password goes to a server on this machine, encrypted or not', async (t) => {
  const server = await mailServer(t);
  await deliver(server.url.replace('://', '://gate%40house:s%C3%A4cret@'));
  t.is(server.received[0]?.user, 'gate@house');
});

test('a server that offers TLS gets it, whatever its certificate, for where plain text would do this is no worse', async (t) => {
  const server = await mailServer(t, { tls: SELF_SIGNED });
  await deliver(server.url);
  t.true(server.received[0]?.isEncrypted);
});

test('a password is given to no server elsewhere that does not prove its name: not without TLS, nor with any certificate', async (t) => {
  // To 0.0.0.0 goes the way to this machine too, and it does not count as this machine.
  const users: string[] = [];
  const onAuth = ({ username = '' }, _: unknown, done: (error: null, response: { user: string }) => void) => {
    users.push(username);
    done(null, { user: username });
  };
  const plain = await mailServer(t, { onAuth });
  const unknown = await mailServer(t, { onAuth, tls: SELF_SIGNED });
  for (const { port } of [plain, unknown]) {
    const { isTemporary } = await failure(t, deliver(`smtp://gate:secret@0.0.0.0:${port}`));
    t.is(typeof isTemporary, 'boolean');
  }
  t.deepEqual(users, []);
  t.is(plain.attempts + unknown.attempts, 0);
});

test.serial('TLS from the start is with a server that has proven its name, or not at all', async (t) => {
  const server = await mailServer(t, { tls: SELF_SIGNED, secure: true });
  const url = `smtps://gate:secret@localhost:${server.port}`;
  const { message } = await failure(t, deliver(url));
  t.regex(message, /self-signed certificate/i);
  t.is(server.attempts, 0);

  setDefaultCACertificates([SELF_SIGNED.cert]);
  await deliver(url);
  t.like(server.received[0], { isEncrypted: true, user: 'gate' });
});

test('what the server refuses for now is worth another try, and what it refuses for good is not', async (t) => {
  for (const [code, isTemporary] of [
    [421, true],
    [450, true],
    [452, true],
    [550, false],
    [554, false],
  ] as const) {
    const server = await mailServer(t, { judge: () => ({ code, text: 'no' }) });
    const error = await failure(t, deliver(server.url));
    t.is(error.isTemporary, isTemporary, String(code));
    t.regex(error.message, new RegExp(`answered ${code}`));
  }
});

test('an address that the server does not know, and a password that is wrong, are refused for good', async (t) => {
  const refuse = (code: number) => Object.assign(new Error('unknown user ada@example.com'), { responseCode: code });
  const strict = await mailServer(t, { onRcptTo: (_address, _session, done) => done(refuse(550)) });
  t.like(await failure(t, deliver(strict.url)), { isTemporary: false });
  const full = await mailServer(t, { onRcptTo: (_address, _session, done) => done(refuse(452)) });
  t.like(await failure(t, deliver(full.url)), { isTemporary: true });
  const locked = await mailServer(t, { onAuth: (_auth, _session, done) => done(refuse(535)) });
  t.like(await failure(t, deliver(locked.url.replace('://', '://a:b@'))), { isTemporary: false });
});

test('what the server says is told, but for addresses and links that it repeats', async (t) => {
  const said = `5.7.1 <ada@example.com> blocked\r\n${LINK} (${LINK.slice(60, 90)}) is spam, see the policy`;
  const server = await mailServer(t, { judge: () => ({ code: 554, text: said }) });
  const { message } = await failure(t, deliver(server.url));
  t.regex(message, /answered 554 .*blocked .*see the policy/);
  t.notRegex(message, /ada@|eyJ|https?:/);
  const long = await mailServer(t, { judge: () => ({ code: 550, text: 'no way '.repeat(200) }) });
  t.true((await failure(t, deliver(long.url))).message.length < 300);
});

test('a server that is not there is worth another try, and named', async (t) => {
  const port = await freePort();
  const { message, isTemporary } = await failure(t, deliver(`smtp://127.0.0.1:${port}`));
  t.true(isTemporary);
  t.regex(message, /ECONNREFUSED/);
});

test('a server that never greets, one that falls silent and one that trickles are left in time', async (t) => {
  const hung = await tcpUpstream(t, () => {});
  const silent = await tcpUpstream(t, (socket) => {
    socket.write('220 here\r\n');
  });
  const trickling = await tcpUpstream(t, (socket) => {
    const timer = setInterval(() => socket.write('220-and so on\r\n'), 10);
    socket.once('close', () => clearInterval(timer));
  });
  for (const [{ port }, limit, pattern] of [
    [hung, { greeting: 100 }, /Greeting never received/],
    [silent, { idle: 100 }, /Timeout/],
    [trickling, { whole: 200 }, /not done within 200 ms/],
  ] as const) {
    const { message, isTemporary } = await failure(t, deliver(`smtp://127.0.0.1:${port}`, { ...PATIENT, ...limit }));
    t.true(isTemporary);
    t.regex(message, pattern);
  }
});

test('a server that speaks nonsense, or hangs up, is worth another try', async (t) => {
  const nonsense = await tcpUpstream(t, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const hangingUp = await tcpUpstream(t, (socket) => socket.destroy());
  for (const { port } of [nonsense, hangingUp]) {
    t.true((await failure(t, deliver(`smtp://127.0.0.1:${port}`))).isTemporary);
  }
});

test('a delivery that is given up ends at once, and its connection with it', async (t) => {
  const closed = Promise.withResolvers<void>();
  const hung = await tcpUpstream(t, (socket) => {
    socket.write('220 here\r\n');
    socket.once('close', () => closed.resolve());
  });
  const giveUp = new AbortController();
  const delivery = transportTo(`smtp://127.0.0.1:${hung.port}`).deliver(LETTER, giveUp.signal);
  giveUp.abort();
  t.is((await failure(t, delivery)).message, 'the gateway is closing');
  const server = await mailServer(t, { onMailFrom: () => {} });
  const stopped = new AbortController();
  const stuck = transportTo(server.url).deliver(LETTER, stopped.signal);
  await holds('the server is asked', () => server.connections === 1);
  stopped.abort();
  await failure(t, stuck);
  await holds('the connection is closed', () => server.connections === 0);
});
