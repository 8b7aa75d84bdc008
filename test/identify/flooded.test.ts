import test from 'ava';
import { basic, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';

/** From as many addresses. */
const ATTEMPTS = 100;
/** So costly that most wait for longer than the rest of the test takes. */
const COST = 12;

test('while wrong passwords keep every hash busy, tokens pass, and names of upstreams are looked up', async (t) => {
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

  const leaving = new AbortController();
  const answers: Response[] = [];
  const flood = Array.from({ length: ATTEMPTS }, async (_, i) => {
    const headers = {
      Authorization: basic({ email: `nobody${i}@example.com`, password: 'wrong' }),
      'X-Forwarded-For': `192.0.2.${i}`,
    };
    answers.push(await fetch(`${gateway.url}/api/v1/a`, { headers, signal: leaving.signal }));
  });
  const over = Promise.allSettled(flood);
  t.teardown(() => leaving.abort());
  await holds('the first have their turn', () => answers.length > 2, 30_000);
  for (let i = 0; i < 5; i++) {
    const answer = await ask(`Bearer ${token}`, '198.51.100.1');
    t.is(answer.status, 200);
    t.is(await answer.text(), 'here');
  }
  t.true(answers.length < ATTEMPTS / 2, 'most wait still');
  leaving.abort();
  await over;
  t.deepEqual([...new Set(answers.map(({ status }) => status))], [401]);
});
