import test from 'ava';
import { hashPassword } from '../../gateway/identify/passwords/password.ts';
import { basic, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';

/** So costly that the checks overlap. */
const COST = 10;

// CVE-2026-71326 (Traefik): checks that ran at the same time were one where user and password had the same text together.
test('passwords that are checked at the same time let each account in as itself, whatever their texts have in common', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    accounts: { passwordCost: COST },
    routes: [{ name: 'a', path: '/api/v1/a', upstream: upstream.url }],
  });
  const texts = [
    ...[
      ['ab@x.example', 'c:d'],
      ['b@x.example', 'c:d'],
      ['a@x.example', ':c:d'],
      ['ab@x.example.c', 'd'],
    ],
    ...[
      ['ab@x.example.cd', ''.padEnd(8, 'd')],
      ['b@x.examplec', ':d'],
      ['c@x.example', 'c@x.example'],
    ],
  ].map(([email = '', password = '']) => ({ email, password }));
  const ids = new Map<string, string>();
  for (const { email, password } of texts) {
    await gateway.accounts.add({ email, passwordHash: await hashPassword(password, COST), confirmed: true });
    ids.set(email, String((await gateway.accounts.findByLogin(email))?.id));
  }
  const wrong = texts.map(({ email }, i) => ({ email, password: texts[(i + 1) % texts.length]?.password ?? '' }));
  const asked = await Promise.all(
    [...texts, ...wrong, ...texts].map(async (who) => {
      const answer = await fetch(`${gateway.url}/api/v1/a`, { headers: { Authorization: basic(who) } });
      const userId = answer.status === 200 ? ((await answer.json()) as { userId: string }).userId : null;
      return { who, userId };
    }),
  );
  for (const { who, userId } of asked) {
    const isRight = texts.some(({ email, password }) => email === who.email && password === who.password);
    t.is(userId, isRight ? (ids.get(who.email) ?? '') : null, `${who.email} ${who.password}`);
  }
});
