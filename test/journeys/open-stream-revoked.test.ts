import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import test, { type ExecutionContext } from 'ava';
import { ADA, basic, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { stopwatch } from '../lab/waiting/stopwatch.ts';
import { listenOver, overAll, routeOver, type Transport } from '../support/gateways/forwarding.ts';
import { issueToken } from '../support/owners/issued-token.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

/** Milliseconds within which what goes on under a void token is ended. */
const PROMISED = 5_000;
/** Seconds: longer than a busy machine takes to open a stream. */
const LIFETIME = 4;
/** Longer than the gateway takes to end such an exchange, twice. */
const LOOKED_TWICE = 2_500;
/** What the log says of one. */
const ENDED = 'the credentials became void meanwhile: token revoked';
const PASSWORD = basic(ADA);

overAll(
  'events that are sent under a token that is revoked end within five seconds, and look cut off',
  async (t, over) => {
    const { gateway, upstream } = await setUp(t, over);
    const token = await issueToken(gateway.url);
    const voided = await openEvents(t, gateway, token.authorization);
    const byPassword = await openEvents(t, gateway, PASSWORD);
    const passed = stopwatch();
    await token.revoke();
    await holds('the client is cut off', () => voided.ending !== null, PROMISED);
    t.is(voided.ending, 'ECONNRESET');
    await holds('the upstream hears of it', () => upstream.closed.length === 1, PROMISED);
    t.true(passed() < PROMISED, `${passed()} ms`);
    const { status, error } = await gateway.logged(({ detail }) => detail === ENDED);
    t.deepEqual([status, error], [200, 'unauthorized']);

    const events = byPassword.received.length;
    await holds('those under a password go on', () => byPassword.received.length > events + 5);
    t.is(byPassword.ending, null);
  },
);

overAll('events that are sent under a token end within five seconds of its expiry', async (t, over) => {
  const { gateway } = await setUp(t, over);
  const token = await issueToken(gateway.url, LIFETIME);
  const issued = performance.now();
  const events = await openEvents(t, gateway, token.authorization);
  await holds('the client is cut off', () => events.ending !== null, LIFETIME * 1_000 + PROMISED);
  // A token is dated by whole seconds.
  t.true(performance.now() - issued > (LIFETIME - 1.5) * 1_000, 'not before');
});

overAll(
  'an upload under a token that is revoked ends within five seconds, and the upstream sees that it is cut off',
  async (t, over) => {
    const { gateway, upstream } = await setUp(t, over);
    const token = await issueToken(gateway.url);
    const voided = startUpload(t, gateway, token.authorization);
    const byPassword = startUpload(t, gateway, PASSWORD);
    await holds('both are under way', () => upstream.uploads.size === 2 && min(upstream.uploads) > 0);
    await token.revoke();
    await holds('the client is cut off', () => voided.ending !== null, PROMISED);
    await holds('the upstream sees it', () => upstream.aborted.length === 1, PROMISED);
    t.is(byPassword.ending, null);
    byPassword.end();
    await holds('the one under a password is answered', () => byPassword.status !== null);
    t.is(byPassword.status, 200);
    t.is(upstream.aborted.length, 1);
  },
);

overAll('a request that only waits for its answer is left alone, and its answer arrives', async (t, over) => {
  const { gateway, upstream } = await setUp(t, over);
  const token = await issueToken(gateway.url);
  const waiting = send(t, gateway, '/api/v1/s/wait', { Authorization: token.authorization });
  waiting.end();
  const answered = once(waiting, 'response') as Promise<[IncomingMessage]>;
  await holds('the upstream has it', () => upstream.waiting.length === 1);
  await token.revoke();
  const until = performance.now() + LOOKED_TWICE;
  await holds('the gateway has looked', () => performance.now() > until);
  upstream.waiting[0]?.end('done');
  const [answer] = await answered;
  t.is(answer.statusCode, 200);
  t.is((await answer.toArray()).join(''), 'done');
  const again = await fetch(`${gateway.url}/api/v1/s/wait`, { headers: { Authorization: token.authorization } });
  t.is(again.status, 401);
});

interface Exchange {
  /** The error with which it ended; null while it goes on. */
  ending: string | null;
  status: number | null;
  received: string;
}

/** A client that reads events, of which some have arrived. */
async function openEvents(t: ExecutionContext, gateway: TestGateway, authorization: string): Promise<Exchange> {
  const sent = send(t, gateway, '/api/v1/s/events', { Authorization: authorization });
  const exchange = follow(sent);
  sent.end();
  await holds('events arrive', () => exchange.received.length > 0);
  return exchange;
}

/** A client that uploads piece after piece until it is told to end. */
function startUpload(t: ExecutionContext, gateway: TestGateway, authorization: string): Exchange & { end(): void } {
  const sent = send(t, gateway, '/api/v1/s/upload', { Authorization: authorization }, 'POST');
  const sending = setInterval(() => sent.write('piece'), 20);
  t.teardown(() => clearInterval(sending));
  return Object.assign(follow(sent), {
    end() {
      clearInterval(sending);
      sent.end();
    },
  });
}

function send(
  t: ExecutionContext,
  gateway: TestGateway,
  path: string,
  headers: Record<string, string>,
  method = 'GET',
): ClientRequest {
  const sent = request(`${gateway.url}${path}`, { method, headers, agent: false });
  t.teardown(() => sent.destroy());
  return sent;
}

function follow(sent: ClientRequest): Exchange {
  const exchange: Exchange = { ending: null, status: null, received: '' };
  const end = (error: NodeJS.ErrnoException) => {
    exchange.ending ??= error.code ?? error.message;
  };
  sent.on('error', end);
  sent.on('response', (answer) => {
    exchange.status = answer.statusCode ?? null;
    answer.setEncoding('utf8').on('data', (text: string) => {
      exchange.received += text;
    });
    answer.on('error', end);
  });
  return exchange;
}

async function setUp(t: ExecutionContext, over: Transport) {
  const waiting: ServerResponse[] = [];
  const closed: string[] = [];
  const aborted: string[] = [];
  const uploads = new Map<IncomingMessage, number>();
  const answers: Record<string, (req: IncomingMessage, res: ServerResponse) => void> = {
    '/api/v1/s/events'(_req, res) {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      const sending = setInterval(() => res.write('data: tick\n\n'), 20);
      res.once('close', () => {
        clearInterval(sending);
        closed.push('events');
      });
    },
    '/api/v1/s/upload'(req, res) {
      uploads.set(req, 0);
      req.on('data', (piece: Buffer) => uploads.set(req, (uploads.get(req) ?? 0) + piece.length));
      req.on('error', () => aborted.push('upload'));
      req.on('end', () => res.end('taken'));
    },
    '/api/v1/s/wait'(_req, res) {
      waiting.push(res);
    },
  };
  const { url } = await httpUpstream(t, (req, res) => answers[req.url ?? '']?.(req, res));
  const gateway = await testGateway(t, {
    listen: listenOver(over),
    routes: [{ name: 's', path: '/api/v1/s', upstream: url, ...routeOver(over) }],
  });
  return { gateway, upstream: { waiting, closed, aborted, uploads } };
}

function min(uploads: ReadonlyMap<unknown, number>): number {
  return Math.min(...uploads.values());
}
