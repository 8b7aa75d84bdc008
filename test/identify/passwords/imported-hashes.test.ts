import test from 'ava';
import { basic, testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { FIXTURES_BY_SETTINGS } from './hashes/fixtures.ts';

const LONG = 73;
const hashesOf = (format: string) =>
  FIXTURES_BY_SETTINGS.filter((one) => one.format === format && Buffer.byteLength(one.password) < LONG);

test("salted SHA and Firebase's hashes in the gateway's own table log in, and are bcrypt afterwards", async (t) => {
  const upstream = await httpUpstream(t, (_req, res) => void res.end('here'));
  const [weak, firebase] = [hashesOf('LDAP {SSHA}')[0], hashesOf('Firebase scrypt')[0]];
  if (weak === undefined || firebase?.rules.firebase === undefined || firebase.rules.firebase === null)
    throw new Error('no such hashes');
  const { signerKey, saltSeparator } = firebase.rules.firebase;
  const gateway = await testGateway(t, {
    accounts: {
      passwordCost: 4,
      allowWeakHashes: true,
      firebase: { signerKey: signerKey.toString('base64'), saltSeparator: saltSeparator.toString('base64') },
    },
    routes: [{ name: 'a', path: '/api/v1/a', upstream: upstream.url }],
  });
  const status = async (email: string, password: string) => {
    const headers = { Authorization: basic({ email, password }) };
    return (await fetch(`${gateway.url}/api/v1/a`, { headers })).status;
  };
  for (const [email, { hash, password }] of Object.entries({ 'weak@x': weak, 'firebase@x': firebase })) {
    await gateway.accounts.add({ email, passwordHash: hash, confirmed: true });
    t.is(await status(email, `${password}x`), 401);
    t.is((await gateway.accounts.findByLogin(email))?.passwordHash, hash);
    t.is(await status(email, password), 200);
    const stored = async () => (await gateway.accounts.findByLogin(email))?.passwordHash ?? '';
    await holds(`${email} has bcrypt`, async () => (await stored()).startsWith('$2b$04$'));
    t.is(await status(email, password), 200);
  }
});
