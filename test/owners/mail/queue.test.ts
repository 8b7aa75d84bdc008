import test from 'ava';
import { DeliveryFailure, type Letter, type MailTransport } from '../../../gateway/owners/mail/letter.ts';
import { createMailQueue, type QueueLimits } from '../../../gateway/owners/mail/queue.ts';
import type { LogLine } from '../../lab/gateways/gateway.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { logLines } from '../../support/reports/log-lines.ts';

const LIMITS: QueueLimits = { capacity: 1_000, width: 2, firstPause: 1, patience: 60_000 };
const SECRET = 'what nobody but Ada may read';

function letter(id: string): Letter {
  const content = { subject: SECRET, text: SECRET, html: SECRET };
  return { id, date: new Date(), to: 'ada@example.com', ...content };
}

/** What is under way stays so until the test ends it; what is given up fails. */
function heldTransport() {
  const started: string[] = [];
  const held = new Map<string, PromiseWithResolvers<void>>();
  const transport: MailTransport = {
    async deliver({ id }, signal) {
      started.push(id);
      const gate = Promise.withResolvers<void>();
      held.set(id, gate);
      signal.addEventListener('abort', () => gate.reject(new DeliveryFailure('given up', true)));
      if (signal.aborted) gate.reject(new DeliveryFailure('given up', true));
      await gate.promise.finally(() => held.delete(id));
    },
  };
  return { transport, started, held, end: (id: string) => held.get(id)?.resolve() };
}

/** Fails as often as it is told to, with this error. */
function failingTransport(times: number, error: () => Error) {
  const tried: string[] = [];
  const transport: MailTransport = {
    async deliver({ id }) {
      tried.push(id);
      if (tried.filter((one) => one === id).length <= times) throw error();
    },
  };
  return { transport, tried };
}

const later = () => new DeliveryFailure('the mail server answered 450 busy', true);
const never = () => new DeliveryFailure('the mail server answered 550 unknown', false);
const about = (lines: readonly LogLine[], id: string) => lines.filter(({ mail }) => mail === id).map(({ msg }) => msg);

test('letters leave in their order, two at a time', async (t) => {
  const { transport, started, held, end } = heldTransport();
  const queue = createMailQueue(transport, LIMITS, logLines().log);
  for (const id of ['a', 'b', 'c', 'd']) queue.add(letter(id));
  t.deepEqual(started, ['a', 'b']);
  end('b');
  await holds('the next one is under way', () => started.length === 3);
  t.deepEqual([...held.keys()], ['a', 'c']);
  end('a');
  end('c');
  await holds('all have begun', () => started.length === 4);
  end('d');
  await queue.close(60_000);
  t.deepEqual(started, ['a', 'b', 'c', 'd']);
});

test('a letter that cannot leave for now is tried again, with a line for each failure, and the others go on', async (t) => {
  const { log, lines } = logLines();
  const { transport, tried } = failingTransport(3, later);
  const queue = createMailQueue(transport, LIMITS, log);
  queue.add(letter('a'));
  await holds('it has left', () => about(lines, 'a').includes('mail sent'));
  t.is(tried.length, 4);
  const again = 'mail not sent; will be retried';
  t.deepEqual(about(lines, 'a'), [again, again, again, 'mail sent']);
  const pauses = lines.map(({ pause }) => pause).filter((pause) => pause !== undefined);
  t.deepEqual(pauses, [1, 2, 4]);
  t.like(lines[0], { fault: 'mail', domain: 'example.com', tries: 1, cause: 'the mail server answered 450 busy' });
});

test('a letter that is refused for good is tried once', async (t) => {
  const { log, lines } = logLines();
  const { transport, tried } = failingTransport(9, never);
  const queue = createMailQueue(transport, LIMITS, log);
  queue.add(letter('a'));
  await queue.close(60_000);
  t.deepEqual(tried, ['a']);
  t.deepEqual(about(lines, 'a'), ['mail dropped']);
  t.like(lines[0], { fault: 'mail', cause: 'the mail server answered 550 unknown' });
});

test('a letter that fails for too long is given up', async (t) => {
  const { log, lines } = logLines();
  const { transport, tried } = failingTransport(Number.POSITIVE_INFINITY, later);
  const queue = createMailQueue(transport, { ...LIMITS, patience: 1_000 }, log);
  queue.add(letter('a'));
  await holds('it is given up', () => about(lines, 'a').includes('mail dropped'));
  t.true(tried.length > 1);
});

test('no letter is taken beyond the capacity, those that wait to be tried again included', async (t) => {
  const { log, lines } = logLines();
  const failing = failingTransport(1, later);
  const queue = createMailQueue(failing.transport, { ...LIMITS, capacity: 2, firstPause: 60_000 }, log);
  queue.add(letter('a'));
  queue.add(letter('b'));
  await holds('both wait', () => lines.length === 2);
  queue.add(letter('c'));
  t.deepEqual(about(lines, 'c'), ['mail dropped']);
  t.like(lines.at(-1), { fault: 'mail', cause: '2 mails are waiting' });
  await queue.close(60_000);
  t.deepEqual(failing.tried, ['a', 'b', 'a', 'b']);
});

test('at the end, what waits is tried once more at once, and what fails then is given up', async (t) => {
  const { log, lines } = logLines();
  const { transport, tried } = failingTransport(2, later);
  const queue = createMailQueue(transport, { ...LIMITS, firstPause: 60_000 }, log);
  queue.add(letter('a'));
  await holds('it waits', () => lines.length === 1);
  await queue.close(60_000);
  t.deepEqual(tried, ['a', 'a']);
  t.is(about(lines, 'a').at(-1), 'mail dropped');
  queue.add(letter('late'));
  t.deepEqual(about(lines, 'late'), ['mail dropped']);
});

test('at the end, nothing is waited for beyond the grace, and each letter that is lost has its line', async (t) => {
  const { log, lines } = logLines();
  const { transport } = heldTransport();
  const queue = createMailQueue(transport, LIMITS, log);
  for (const id of ['a', 'b', 'c']) queue.add(letter(id));
  await queue.close(1);
  for (const id of ['a', 'b', 'c']) t.deepEqual(about(lines, id), ['mail dropped'], id);
});

test('the log holds nothing of a mail, and of its address the domain alone', async (t) => {
  const { log, lines } = logLines();
  for (const error of [later, never, () => new Error('a bug')]) {
    const queue = createMailQueue(failingTransport(1, error).transport, LIMITS, log);
    queue.add(letter('a'));
    await queue.close(60_000);
  }
  t.true(lines.length >= 3);
  t.notRegex(JSON.stringify(lines), new RegExp(`${SECRET}|ada@`));
});
