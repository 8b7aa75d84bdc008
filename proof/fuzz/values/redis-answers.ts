import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { GatewayError } from '../../../gateway/domain/errors.ts';
import { type FeedEntry, parseEntry } from '../../../gateway/revocation/denylist.ts';
import { followFeed } from '../../../gateway/revocation/feed.ts';
import { connectRedis, type RedisClient } from '../../../gateway/stores/redis/connect.ts';
import { whenReady } from '../../../gateway/stores/redis/when-ready.ts';
import { redisSessionStore } from '../../../gateway/stores/sessions/redis-sessions.ts';
import type { Scope } from '../../../test/lab/scope.ts';
import type { Random } from '../../random.ts';
import type { Campaign } from '../campaign.ts';
import { type Finding, unequal } from '../finding.ts';
import { mutate } from '../mutations.ts';
import { entriesIn, strictlyRead, WRONG } from './redis-replies.ts';

/** Milliseconds for an answer; half an answer takes all of them. A busy machine may take some. */
const TIMEOUT = 300;
const OUTAGE = Symbol('outage');

/**
 * Answers of a server that is no Redis, or a broken one: to the read of a session (inputs that begin with `s`) and of the stream of
 * revocations (`f`). Only an answer of the right form is one; each other is an outage, never a session, an entry, or the word that
 * all revocations are known.
 */
export const redisAnswers: Campaign = {
  name: 'redis-answers',
  async open(scope) {
    const unhandled: unknown[] = [];
    const onRejection = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', onRejection);
    scope.teardown(() => process.off('unhandledRejection', onRejection));
    const server = await answeringServer(scope);
    const connect = () =>
      connectRedis(
        {
          tls: false,
          username: '',
          password: '',
          database: 0,
          form: { kind: 'single' },
          nodes: [{ host: '127.0.0.1', port: server.port }],
        },
        TIMEOUT,
      );
    return {
      generate: answers,
      async compare(bytes) {
        server.answer = bytes.subarray(1);
        const found =
          bytes[0] === 0x66
            ? await readFeed(connect(), bytes.subarray(1))
            : await readSession(connect(), bytes.subarray(1));
        return unhandled.length === 0
          ? found
          : { kind: found.kind, difference: `an unhandled rejection: ${unhandled.pop()}` };
      },
    };
  },
};

const SESSION = JSON.stringify({ accountId: '1', logins: ['a@b'], stamp: 's', createdAt: 1, _expire: 9e12 });
const ENTRY = JSON.stringify({
  kind: 'token',
  installation: 'i',
  position: 1,
  chain: 'c',
  previous: 'p',
  expiresAt: 9,
  jti: 'j',
});
const VALUES: readonly [string, ...string[]] = [
  '+OK\r\n',
  ':1\r\n',
  ':-9223372036854775808\r\n',
  '$-1\r\n',
  '*-1\r\n',
  '*0\r\n',
  '$0\r\n\r\n',
  '-ERR x\r\n',
  '-\r\n',
  '_\r\n',
  '#t\r\n',
  '-LOADING x\r\n',
  '-MOVED 1 127.0.0.1:1\r\n',
  '-READONLY x\r\n',
  '-NOAUTH x\r\n',
  '>2\r\n+a\r\n+b\r\n',
  '%1\r\n+a\r\n+b\r\n',
  ',1.5\r\n',
  '$99999999999\r\nx\r\n',
  '*99999999\r\n',
  '$5\r\nab',
  'HTTP/1.1 400 Bad Request\r\n\r\n',
  '\0\0\0',
  '\r\n',
  '$-2\r\n',
  '*-2\r\n',
  ':x\r\n',
];

function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

function list(...items: readonly string[]): string {
  return `*${items.length}\r\n${items.join('')}`;
}

function answers(random: Random): Buffer {
  const isFeed = random.once(2);
  const text = isFeed ? feedAnswer(random) : random.mostly(2, bulk(SESSION), ...VALUES);
  const bytes = Buffer.from(text);
  const sent = random.once(4)
    ? mutate(random, bytes)
    : random.once(12)
      ? bytes.subarray(0, random.below(bytes.length))
      : bytes;
  return Buffer.concat([Buffer.from(isFeed ? 'f' : 's'), sent]);
}

function feedAnswer(random: Random): string {
  const odd = (usual: string) => random.mostly(8, usual, ...VALUES);
  const entry = () =>
    odd(
      list(
        odd(bulk(`${random.below(9)}-0`)),
        odd(list(odd(bulk('entry')), odd(bulk(random.mostly(4, ENTRY, '{}', 'x'))))),
      ),
    );
  const entries = Array.from({ length: random.below(3) }, entry);
  return odd(list(odd(list(odd(bulk('stream')), odd(list(...entries))))));
}

interface AnsweringServer {
  readonly port: number;
  /** What it answers to the reads in question. */
  answer: Buffer;
}

async function answeringServer(scope: Scope): Promise<AnsweringServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      // Each command arrives by itself, since each waits for the answer to the one before.
      const command = bytes.toString('latin1').toLowerCase();
      if (/\r\n(?:get|xread)\r\n/.test(command)) socket.write(answering.answer);
      else socket.write(/\r\nx(?:rev)?range\r\n/.test(command) ? list() : '+OK\r\n');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const answering = { port: typeof address === 'object' ? (address?.port ?? 0) : 0, answer: Buffer.alloc(0) };
  return answering;
}

async function readSession(client: RedisClient, answer: Buffer): Promise<Finding> {
  await whenReady(client, 2_000);
  const expected = strictlyRead(answer);
  const outcome = await redisSessionStore(client, 'k:')
    .read('an id')
    .catch((error: unknown) =>
      error instanceof GatewayError && error.status === 503 ? OUTAGE : `fails with ${error}`,
    );
  client.disconnect();
  const kind = outcome === OUTAGE ? 'session: outage' : outcome === null ? 'session: none' : 'session: read';
  // The client takes some malformed answers for null, and does not check what follows a text.
  if (expected === WRONG) {
    const isOfAnswer = outcome === OUTAGE || outcome === null || answer.toString().includes(outcome.slice(0, 20));
    return { kind: `${kind}, malformed`, difference: isOfAnswer ? null : `reads ${outcome}` };
  }
  const isContent = expected === null || typeof expected === 'string';
  return {
    kind,
    difference: unequal('content', outcome === OUTAGE ? 'an outage' : outcome, isContent ? expected : 'an outage'),
  };
}

/** Follows the feed until something is said about the first answer. */
async function readFeed(client: RedisClient, answer: Buffer): Promise<Finding> {
  const entries: FeedEntry[] = [];
  const { promise, resolve } = Promise.withResolvers<'current' | 'failed'>();
  const feed = followFeed(client, 'stream', {
    onEntry: (entry) => void entries.push(entry),
    onCurrent: () => resolve('current'),
    onConnected() {},
    onFailure: () => resolve('failed'),
  });
  const outcome = await promise;
  feed.close();
  const reply = strictlyRead(answer);
  const expected = entriesIn(reply);
  if (reply === WRONG) {
    return { kind: `feed: ${outcome}, malformed`, difference: entries.length === 0 ? null : 'reads entries' };
  }
  if (outcome === 'failed')
    return { kind: 'feed: outage', difference: expected === null ? null : 'fails for a right answer' };
  const difference =
    expected === null
      ? 'counts as current'
      : unequal(
          'entries',
          entries,
          expected.flatMap((fields) => parseEntry(fields) ?? []),
        );
  return { kind: `feed: ${entries.length} entries`, difference };
}
