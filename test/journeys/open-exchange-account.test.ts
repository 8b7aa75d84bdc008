import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import test, { type ExecutionContext } from 'ava';
import type { WebSocket } from 'ws';
import { hashPassword } from '../../gateway/identify/passwords/password.ts';
import { openDatabase } from '../../gateway/stores/database/connection.ts';
import { ADA, basic, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { DATABASES, type DatabaseKind, temporaryDatabase, urlOf } from '../lab/stores/database.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { COLUMNS, USERS, usersTable } from '../stores/accounts/adopted-tables.ts';
import { echoed, webSocketTo, webSocketUpstream } from '../support/http/websocket.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

/** Milliseconds within which what is open ends, from the moment at which a new request is refused. */
const PROMISED = 5_000;
const POLICY_VIOLATION = 1008;
const EVE = { email: 'eve@example.com', password: 'no relation' };
const COST = 4;
/** As it is by default. */
const CACHE = '5s';

for (const kind of DATABASES) {
  for (const [what, change, refusal] of [
    ['deletes a user', (rows) => rows.delete(), 401],
    ['unconfirms a user', (rows) => rows.update({ confirmed: 0 }), 403],
    ['gives a user a new password', async (rows) => rows.update({ key: await hashPassword('another', COST) }), 401],
  ] as readonly [string, (rows: Rows) => Promise<unknown>, number][]) {
    test(`${kind}: when the application ${what}, all that is open under the token and under the password ends`, async (t) => {
      const { gateway, rows } = await adopted(t, kind);
      const token = basic({ email: await tokenOf(gateway), password: '' });
      const open = [
        ...(await openAll(t, gateway, token)),
        ...(await openAll(t, gateway, `Bearer ${await tokenOf(gateway)}`)),
        ...(await openAll(t, gateway, basic(ADA))),
      ];
      const others = await openAll(t, gateway, basic(EVE));
      await change(rows(ADA));
      await refused(gateway, [token, basic(ADA)], refusal);
      await ended(t, open);
      t.true(others.every(({ ending }) => ending === null));
    });
  }
}

test('an email that the application changes ends what is open under the old one as a password, not the tokens', async (t) => {
  const { gateway, rows } = await adopted(t, 'sqlite');
  const token = `Bearer ${await tokenOf(gateway)}`;
  const byToken = await openAll(t, gateway, token);
  const byPassword = await openAll(t, gateway, basic(ADA));
  await rows(ADA).update({ 'e-mail': 'lovelace@example.com' });
  await refused(gateway, [basic(ADA)], 401);
  await ended(t, byPassword);
  t.is(await statusOf(gateway, token), 200);
  t.true(byToken.every(({ ending }) => ending === null));
});

for (const [what, change, refusal] of [
  ['is removed', ({ accounts }) => accounts.remove('1'), 401],
  ['is unconfirmed', ({ accounts }) => accounts.setConfirmed('1', false), 403],
  [
    'gets another password',
    async ({ accounts }) => accounts.setPassword('1', await hashPassword('another', COST)),
    401,
  ],
  [
    'gets another hash behind the gateway’s back',
    async ({ database }) =>
      database
        .sql('gatehouse_accounts')
        .where('id', 1)
        .update({ password_hash: await hashPassword('another', COST) }),
    401,
  ],
] as readonly [string, (gateway: TestGateway) => Promise<unknown>, number][]) {
  test(`all that is open under a password ends when the account ${what}, by whoever`, async (t) => {
    const gateway = await own(t, COST);
    const open = await openAll(t, gateway, basic(ADA));
    await change(gateway);
    await refused(gateway, [basic(ADA)], refusal);
    await ended(t, open);
    const { detail } = await gateway.logged(({ status, error }) => status === 101 && error === 'unauthorized');
    t.regex(String(detail), /^the credentials became void meanwhile: account /);
  });
}

test('what is open under a password goes on when the gateway makes its hash stronger', async (t) => {
  const gateway = await own(t, COST + 1);
  const open = await openAll(t, gateway, basic(ADA));
  await holds('the hash is stronger', async () =>
    String((await gateway.accounts.findById('1'))?.passwordHash).startsWith('$2b$05$'),
  );
  // Those of an account that is unconfirmed end at a look that comes after.
  const [before] = await gateway.database.sql('gatehouse_accounts').where('id', 1);
  await gateway.database.sql('gatehouse_accounts').insert({
    ...before,
    id: 3,
    email: EVE.email,
    email_key: EVE.email,
    password_hash: await hashPassword(EVE.password, COST + 1),
  });
  const others = await openAll(t, gateway, basic(EVE));
  await gateway.accounts.setConfirmed('3', false);
  await ended(t, others);
  t.true(open.every(({ ending }) => ending === null));
});

type Rows = ReturnType<ReturnType<typeof openDatabase>['sql']>;

/** Something that goes on. */
interface Open {
  readonly what: string;
  /** How it ended; null while it goes on. */
  ending: string | number | null;
}

/** A WebSocket, an answer that streams, and an upload, each of which is under way. */
async function openAll(t: ExecutionContext, gateway: TestGateway, authorization: string): Promise<Open[]> {
  return await Promise.all([
    openWebSocket(t, gateway, authorization),
    openTransfer(t, gateway, authorization, 'GET'),
    openTransfer(t, gateway, authorization, 'POST'),
  ]);
}

async function openWebSocket(t: ExecutionContext, gateway: TestGateway, authorization: string): Promise<Open> {
  const socket: WebSocket = await webSocketTo(t, `${gateway.url}/api/v1/ws`, { authorization });
  await echoed(socket, 'here');
  const open: Open = { what: 'WebSocket', ending: null };
  socket.once('close', (code: number) => {
    open.ending = code;
  });
  return open;
}

async function openTransfer(
  t: ExecutionContext,
  gateway: TestGateway,
  authorization: string,
  method: 'GET' | 'POST',
): Promise<Open> {
  const open: Open = { what: method === 'GET' ? 'download' : 'upload', ending: null };
  const sent = request(`${gateway.url}/api/v1/s`, { method, headers: { authorization }, agent: false });
  t.teardown(() => sent.destroy());
  const end = ({ code, message }: NodeJS.ErrnoException) => {
    open.ending ??= code ?? message;
  };
  sent.on('error', end);
  if (method === 'GET') {
    sent.end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.on('error', end).resume();
    await once(answer, 'data');
  } else {
    const sending = setInterval(() => sent.write('piece'), 20);
    t.teardown(() => clearInterval(sending));
  }
  return open;
}

/** Waits until new requests are refused, as they must be once the accounts in memory are old. */
async function refused(gateway: TestGateway, credentials: readonly string[], status: number): Promise<void> {
  for (const authorization of credentials) {
    await holds('new requests are refused', async () => (await statusOf(gateway, authorization)) === status);
  }
}

async function ended(t: ExecutionContext, open: readonly Open[]): Promise<void> {
  await holds('all of it ends', () => open.every(({ ending }) => ending !== null), PROMISED);
  for (const { what, ending } of open) t.is(ending, what === 'WebSocket' ? POLICY_VIOLATION : 'ECONNRESET', what);
}

async function statusOf({ url }: TestGateway, authorization: string): Promise<number> {
  const answer = await fetch(`${url}/api/v1/tokens/`, { headers: { authorization } });
  await answer.text();
  return answer.status;
}

async function tokenOf({ url }: TestGateway): Promise<string> {
  const answer = await fetch(`${url}/api/v1/tokens/`, { method: 'POST', headers: { authorization: basic(ADA) } });
  return ((await answer.json()) as { token: string }).token;
}

async function routes(t: ExecutionContext) {
  const webSockets = await webSocketUpstream(t);
  const streams = await httpUpstream(t, (req: IncomingMessage, res: ServerResponse) => {
    req.on('error', () => {});
    if (req.method !== 'GET') return void req.resume();
    res.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const sending = setInterval(() => res.write('data: tick\n\n'), 20);
    res.once('close', () => clearInterval(sending));
  });
  return [
    { name: 'ws', path: '/api/v1/ws', upstream: webSockets.url },
    { name: 's', path: '/api/v1/s', upstream: streams.url },
  ];
}

async function own(t: ExecutionContext, passwordCost: number): Promise<TestGateway> {
  return await testGateway(t, { accounts: { passwordCost, cache: CACHE }, routes: await routes(t) });
}

async function adopted(
  t: ExecutionContext,
  kind: DatabaseKind,
): Promise<{ gateway: TestGateway; rows: (user: { email: string }) => Rows }> {
  const location = await temporaryDatabase(t, kind);
  const database = openDatabase(location, { timeout: 10_000 });
  t.teardown(() => database.close());
  const add = await usersTable(database);
  for (const [i, { email, password }] of [ADA, EVE].entries()) {
    await add({ id: i + 1, email, password: await hashPassword(password, COST) });
  }
  const gateway = await testGateway(t, {
    database: { url: urlOf(location) },
    tokens: { secrets: ['of these tests alone, and long enough'] },
    accounts: {
      table: USERS.name,
      columns: { ...COLUMNS, confirmed: 'confirmed' },
      passwordCost: COST,
      cache: CACHE,
    },
    routes: await routes(t),
  });
  return { gateway, rows: ({ email }) => database.sql(USERS.name).where('e-mail', email) };
}
