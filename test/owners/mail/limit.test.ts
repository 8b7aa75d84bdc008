import test from 'ava';
import { createMailLimit } from '../../../gateway/owners/mail/limit.ts';
import { parseRedisUrl } from '../../../gateway/settings/schema/redis-url.ts';
import { connectRedis } from '../../../gateway/stores/redis/connect.ts';
import { whenReady } from '../../../gateway/stores/redis/when-ready.ts';
import { privateRedis } from '../../lab/stores/redis-server.ts';
import { logLines } from '../../support/reports/log-lines.ts';
import { PATIENT } from '../../support/stores/patiently.ts';

test('so many mails of a kind go to an address and no more, with a line in the log that does not name it', async (t) => {
  const { log, lines } = logLines();
  const limit = createMailLimit(2, null, 'alone', log);
  t.true(await limit.take('ada@example.com', 'reset'));
  t.true(await limit.take('ada@example.com', 'reset'));
  t.is(lines.length, 0);
  t.false(await limit.take('ada@example.com', 'reset'));
  t.true(await limit.take('bob@example.com', 'reset'));
  t.is(lines.length, 1);
  t.like(lines[0], { msg: 'mail not sent: too many to this address', kind: 'reset' });
  t.notRegex(JSON.stringify(lines), /ada/);
});

test('the mails that somebody else can ask for keep no owner from those that he needs', async (t) => {
  const limit = createMailLimit(1, null, 'alone', logLines().log);
  t.true(await limit.take('ada@example.com', 'alreadyRegistered'));
  t.false(await limit.take('ada@example.com', 'alreadyRegistered'));
  t.true(await limit.take('ada@example.com', 'reset'));
  t.true(await limit.take('ada@example.com', 'passwordChanged'));
});

test('all spellings of a mailbox are one', async (t) => {
  const spellings = [
    ['ada@example.com', 'ADA@Example.COM', 'ada+1@example.com', 'ada+shop+2@example.com', 'Ada+@example.com'],
    ['ada@bücher.example', 'ada@xn--bcher-kva.example', 'ada@BÜCHER.example'],
    ['+x@example.com', '+x+y@example.com'],
  ];
  for (const [first = '', ...others] of spellings) {
    const limit = createMailLimit(1, null, 'alone', logLines().log);
    t.true(await limit.take(first, 'reset'), first);
    for (const other of others) t.false(await limit.take(other, 'reset'), other);
  }
});

test('gateways with one Redis count together, and each by itself, saying so, while it is out', async (t) => {
  const server = await privateRedis(t);
  const location = parseRedisUrl(server.url);
  if (typeof location === 'string') throw new Error(location);
  const heard: unknown[] = [];
  const state = { name: 'redis', isUp: true, up() {}, down: (cause: unknown) => void heard.push(cause) };
  const [one, other] = await Promise.all(
    [1, 2].map(async () => {
      const client = connectRedis(location, PATIENT);
      t.teardown(() => client.disconnect());
      await whenReady(client, PATIENT);
      return createMailLimit(2, { client, keyPrefix: 'limited:', state }, 'alone', logLines().log);
    }),
  );
  t.true(await one?.take('ada@example.com', 'reset'));
  t.true(await other?.take('ada@example.com', 'reset'));
  t.false(await one?.take('ada@example.com', 'reset'));
  const keys = await server.client.keys('*');
  t.true(keys.length > 0 && keys.every((key) => key.startsWith('limited:mails:')), keys.join());
  t.false(keys.some((key) => key.includes('ada')));
  const left = await server.client.pttl(keys[0] ?? '');
  t.true(left > 0 && left <= 3_600_000);

  await server.kill();
  t.is(heard.length, 0);
  t.true(await one?.take('bob@example.com', 'reset'));
  t.true(await one?.take('bob@example.com', 'reset'));
  t.false(await one?.take('bob@example.com', 'reset'));
  t.true(heard.length > 0);
});
