import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import test from 'ava';
import { ADA, basic, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';

const { sign } = crypto;

test.afterEach.always(() => replaceSign(sign));

function replaceSign(replacement: typeof sign): void {
  crypto.sign = replacement;
  syncBuiltinESMExports();
}

test('what cannot be signed is not forwarded: a 500, and a line that says why', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    assertion: { issuer: 'https://a' },
    routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url }],
  });
  replaceSign((() => {
    throw new Error('no entropy');
  }) as unknown as typeof sign);
  const ask = () => fetch(`${gateway.url}/api/v1/o`, { headers: { Authorization: basic(ADA) } });
  const refused = await ask();
  t.is(refused.status, 500);
  t.deepEqual(await refused.json(), { error: 'internal_error', message: 'Internal error' });
  t.is(upstream.seen.length, 0);
  const line = await gateway.logged(({ status }) => status === 500);
  t.is(line.fault, 'gateway');
  t.regex(JSON.stringify(line), /the assertion cannot be signed.*no entropy/);

  replaceSign(sign);
  t.is((await ask()).status, 200);
});
