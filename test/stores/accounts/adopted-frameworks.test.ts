import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { stringify } from 'yaml';
import { showConfiguration } from '../../../gateway/cli/shown-configuration.ts';
import { startGateway } from '../../../gateway/compose/service.ts';
import { checkSettings } from '../../../gateway/settings/read/check.ts';
import type { DatabaseLocation } from '../../../gateway/settings/schema/database-url.ts';
import { openDatabase } from '../../../gateway/stores/database/connection.ts';
import { basic } from '../../lab/gateways/gateway.ts';
import { DATABASES, temporaryDatabase, urlOf } from '../../lab/stores/database.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { DEVISE, DJANGO, FLASK, LARAVEL, madeBy } from './frameworks.ts';

for (const framework of [FLASK, DJANGO, LARAVEL, DEVISE]) {
  for (const kind of DATABASES) {
    test(`${kind}, ${framework.name}: the users sign in, and what the application changes holds within accounts.cache`, async (t) => {
      const location = await temporaryDatabase(t, kind);
      const database = openDatabase(location, { timeout: 10_000 });
      t.teardown(() => database.close());
      await madeBy(framework, database);
      const users = () => database.sql(framework.table);
      const before = JSON.stringify(await users().select());
      const { url, status, userId } = await gatewayFor(t, location, framework.accounts);
      const [first, second] = framework.hashes;
      if (first === undefined || second === undefined) throw new Error('too few hashes');
      const password = basic({ email: framework.email, password: first.password });
      const token = async (authorization: string) => {
        const answer = await fetch(`${url}/api/v1/tokens/`, { method: 'POST', headers: { authorization } });
        return `Bearer ${((await answer.json()) as { token: string }).token}`;
      };

      t.is(await userId(password), String(framework.user.id));
      const bearer = await token(password);
      t.is(await userId(bearer), String(framework.user.id));
      t.is(await status(basic({ email: framework.email, password: `${first.password}x` })), 401);
      t.is(await status(basic({ email: 'nobody@example.com', password: first.password })), 401);
      t.is(JSON.stringify(await users().select()), before);

      await users().update({ [framework.columns.confirmed]: framework.unconfirmed });
      await holds('the token gets 403', async () => (await status(bearer)) === 403);
      t.is(await status(password), 403);
      await users().update({ [framework.columns.confirmed]: framework.user[framework.columns.confirmed] });
      await holds('the password is good again', async () => (await status(password)) === 200);

      await users().update({ [framework.columns.password]: second.hash });
      await holds('the token is void', async () => (await status(bearer)) === 401);
      t.is(await status(password), 401);
      const changed = basic({ email: framework.email, password: second.password });
      t.is(await userId(changed), String(framework.user.id));
      const next = await token(changed);
      t.is(await status(next), 200);

      await users().delete();
      await holds('the token of nobody is void', async () => (await status(next)) === 401);
      t.is(await status(changed), 401);
    });
  }
}

/** A gateway on the table, with a short cache. */
async function gatewayFor(t: ExecutionContext, location: DatabaseLocation, accounts: Record<string, unknown>) {
  const upstream = await httpUpstream(t);
  const text = stringify({
    listen: { port: 0 },
    ops: { port: 0 },
    database: { url: urlOf(location), timeout: '10s' },
    tokens: { secrets: ['of these tests alone, and long enough'] },
    accounts: { cache: '20ms', passwordCost: 4, ...accounts },
    routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url }],
  });
  const checked = checkSettings(text, 'test.yaml', {});
  if (checked.kind === 'invalid') throw new Error(JSON.stringify(checked.problems));
  const gateway = await startGateway(
    checked.settings,
    pino({ level: 'silent' }),
    showConfiguration('test.yaml', checked.settings),
  );
  t.teardown(() => gateway.close({ delay: 0, timeout: 0 }));
  const get = (authorization: string) => fetch(`${gateway.url}/api/v1/o`, { headers: { authorization } });
  return {
    url: gateway.url,
    async status(authorization: string) {
      const answer = await get(authorization);
      await answer.arrayBuffer();
      return answer.status;
    },
    userId: async (authorization: string) => ((await (await get(authorization)).json()) as { userId?: string }).userId,
  };
}
