import test, { type ExecutionContext } from 'ava';
import { hashPassword } from '../../gateway/identify/passwords/password.ts';
import { ADA, BOB, basic, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream, type TestUpstream } from '../lab/upstreams/upstream.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';
import { authorization, bodyOf, fieldsOf, message } from './message.ts';

const REFUSAL = '{"error":"unauthorized","message":"Invalid credentials"}';
const BASIC_CHALLENGE = 'Basic realm="api", charset="UTF-8"';

async function place(t: ExecutionContext): Promise<{ gateway: TestGateway; upstream: TestUpstream }> {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, { routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url }] });
  return { gateway, upstream };
}

function ask(gateway: TestGateway, ...fields: string[]): Promise<string> {
  return rawExchange(gateway.port, message(['GET /api/v1/o HTTP/1.1', 'Host: a', ...fields, 'Connection: close']));
}

function encoded(text: string | Buffer): string {
  return Buffer.from(text).toString('base64');
}

test('every refusal of credentials is the same answer, byte for byte, but for its id and its date', async (t) => {
  const { gateway, upstream } = await place(t);
  const token = await gateway.token();
  const refused = [
    [],
    ['Authorization:'],
    ['Authorization: Basic'],
    [`Authorization: ${basic({ ...ADA, password: 'wrong' })}`],
    [`Authorization: ${basic({ email: 'nobody@example.com', password: ADA.password })}`],
    [`Authorization: ${basic({ ...BOB, password: 'wrong' })}`],
    [`Authorization: ${basic({ email: '', password: ADA.password })}`],
    [`Authorization: ${basic({ email: '', password: '' })}`],
    [`Authorization: ${basic({ email: ADA.email, password: '' })}`],
    [`Authorization: ${basic({ email: token, password: 'x' })}`],
    [`Authorization: Basic ${encoded(`${ADA.email}${ADA.password}`)}`],
    [`Authorization: Basic ${encoded(Buffer.from([0x61, 0xff, 0x3a, 0x62]))}`],
    [`Authorization: Digest username="${ADA.email}"`],
    [`Authorization: Token ${token}`],
    [`Authorization: ${token}`],
    [`Proxy-Authorization: ${basic(ADA)}`],
    [`Cookie: Authorization=${basic(ADA)}; token=${token}; gatehouse_session=${token}`],
    [`X-Authorization: ${basic(ADA)}`, `Authorization_: ${basic(ADA)}`],
  ];
  const answers = new Set<string>();
  for (const fields of refused) {
    const answer = await ask(gateway, ...fields);
    t.is(statusOf(answer), 401, fields.join('; '));
    t.is(bodyOf(answer), REFUSAL);
    t.deepEqual(fieldsOf(answer, 'WWW-Authenticate'), [BASIC_CHALLENGE]);
    answers.add(answer.replace(/^(X-Request-Id|Date): .*$/gm, '$1'));
  }
  t.is(answers.size, 1);
  t.deepEqual(upstream.seen, []);
});

test('a bearer token that is refused is answered with a Bearer challenge beside the Basic one', async (t) => {
  const { gateway, upstream } = await place(t);
  const token = await gateway.token();
  for (const value of ['x', '', 'a b', `${token} x`, `${token},`, `${token}x`, `"${token}"`, '\xa0', `\t${token}`]) {
    const answer = await ask(gateway, `Authorization: Bearer ${value}`);
    t.is(statusOf(answer), 401, value);
    t.is(bodyOf(answer), REFUSAL);
    t.deepEqual(fieldsOf(answer, 'WWW-Authenticate'), [BASIC_CHALLENGE, 'Bearer realm="api", error="invalid_token"']);
  }
  t.deepEqual(upstream.seen, []);
});

test('two Authorization lines are refused, even where both are the same and right', async (t) => {
  const { gateway, upstream } = await place(t);
  for (const second of [authorization(ADA), authorization(BOB), 'aUTHORIZATION: x', 'Authorization:']) {
    t.is(statusOf(await ask(gateway, authorization(ADA), second)), 400, second);
    t.is(statusOf(await ask(gateway, second, authorization(ADA))), 400, second);
  }
  t.deepEqual(upstream.seen, []);
});

test('passwords may hold colons and any letter of Unicode, and schemes are written in any case', async (t) => {
  const { gateway, upstream } = await place(t);
  const odd = { email: 'grüße@example.com', password: ':pass:wörd:密:🔑' };
  await gateway.accounts.add({ email: odd.email, passwordHash: await hashPassword(odd.password, 4), confirmed: true });
  for (const spelling of ['Basic', 'basic', 'BASIC', 'bAsIc', 'Basic  ']) {
    const answer = await ask(gateway, `Authorization: ${basic(odd).replace('Basic', spelling)}`);
    t.is(statusOf(answer), 200, spelling);
  }
  t.is(
    statusOf(await ask(gateway, `Authorization: Basic ${encoded(Buffer.from(`${odd.email}:pass`, 'latin1'))}`)),
    401,
  );
  t.deepEqual([...new Set(upstream.seen.flatMap((seen) => seen.values('x-user-id')))], ['3']);
});
