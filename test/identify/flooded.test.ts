import test from 'ava';
import { holds } from '../support/condition.ts';
import { basic, testGateway } from '../support/gateway.ts';
import { httpUpstream } from '../support/upstream.ts';

/** More than may wait for a hash, from as many addresses. */
const ATTEMPTS = 80;
/** So costly that the flood lasts for seconds. */
const COST = 11;

test('while wrong passwords keep every hash busy, tokens pass, names of upstreams are looked up, and the flood hears when to come again', async (t) => {
  // Each request needs a new connection, and each connection a look-up.
  const upstream = await httpUpstream(t, (_req, res) => void res.setHeader('Connection', 'close').end('here'));
  const gateway = await testGateway(t, {
    trustedProxies: ['127.0.0.1'],
    accounts: { passwordCost: COST },
    routes: [{ name: 'a', path: '/api/v1/a', upstream: `http://localhost:${upstream.port}` }],
  });
  const token = await gateway.token();
  const ask = (authorization: string, from: string) =>
    fetch(`${gateway.url}/api/v1/a`, { headers: { Authorization: authorization, 'X-Forwarded-For': from } });

  const answers: Response[] = [];
  const flood = Promise.all(
    Array.from({ length: ATTEMPTS }, async (_, i) => {
      answers.push(await ask(basic({ email: `nobody${i}@example.com`, password: 'wrong' }), `192.0.2.${i}`));
    }),
  );
  await holds('some are turned away', () => answers.length > 0);
  const before = answers.length;
  for (let i = 0; i < 5; i++) {
    const answer = await ask(`Bearer ${token}`, '198.51.100.1');
    t.is(answer.status, 200);
    t.is(await answer.text(), 'here');
  }
  t.true(answers.length < ATTEMPTS - 5, `${ATTEMPTS - answers.length} wait still, ${ATTEMPTS - before} did before`);
  await flood;
  const statuses = new Set(answers.map(({ status }) => status));
  t.deepEqual([...statuses].sort(), [401, 503]);
  for (const { status, headers } of answers) if (status === 503) t.true(Number(headers.get('retry-after')) > 0);
});
