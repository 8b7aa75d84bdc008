import test from 'ava';
import { hashPassword } from '../../gateway/identify/passwords/password.ts';
import { basic, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';

const ACCOUNTS = 60;
/** So costly that all first requests have come before a few hashes are done. */
const COST = 8;
const PASSWORD = 'right from the start';

test('the first requests of many accounts behind one address, all in one moment, are all served', async (t) => {
  const upstream = await httpUpstream(t, (_req, res) => void res.end('here'));
  const gateway = await testGateway(t, {
    accounts: { passwordCost: COST },
    routes: [{ name: 'a', path: '/api/v1/a', upstream: upstream.url }],
  });
  const passwordHash = await hashPassword(PASSWORD, COST);
  const emails = Array.from({ length: ACCOUNTS }, (_, i) => `colleague${i}@example.com`);
  for (const email of emails) await gateway.accounts.add({ email, passwordHash, confirmed: true });
  const answers = await Promise.all(
    emails.map((email) =>
      fetch(`${gateway.url}/api/v1/a`, { headers: { Authorization: basic({ email, password: PASSWORD }) } }),
    ),
  );
  t.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
});
