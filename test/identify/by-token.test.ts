import test, { type ExecutionContext } from 'ava';
import { hashPassword } from '../../gateway/identify/passwords/password.ts';
import { BOB, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';

async function place(
  t: ExecutionContext,
): Promise<{ gateway: TestGateway; token: string; status: () => Promise<number> }> {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, { routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url }] });
  const token = await gateway.token();
  const status = async () => {
    const answer = await fetch(`${gateway.url}/api/v1/o`, { headers: { Authorization: `Bearer ${token}` } });
    await answer.text();
    return answer.status;
  };
  t.is(await status(), 200);
  return { gateway, token, status };
}

test('a token dies with a new password', async (t) => {
  const { gateway, status } = await place(t);
  await gateway.accounts.setPassword('1', await hashPassword('new', 4));
  t.is(await status(), 401);
});

test('a token of an account that is no longer confirmed is answered with 403, and stays dead when it is again', async (t) => {
  const { gateway, status } = await place(t);
  await gateway.accounts.setConfirmed('1', false);
  t.is(await status(), 403);
  await gateway.accounts.setConfirmed('1', true);
  t.is(await status(), 401);
});

test('a token dies with its account, and another account does not inherit it', async (t) => {
  const { gateway, status } = await place(t);
  await gateway.accounts.remove('1');
  t.is(await status(), 401);
  await gateway.accounts.add({ ...BOB, email: 'ada@example.com', passwordHash: null, confirmed: true });
  t.is(await status(), 401);
});
