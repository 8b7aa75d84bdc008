import test from 'ava';
import { calculateJwkThumbprint, createRemoteJWKSet, jwtVerify } from 'jose';
import { ADA, basic, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';

const ISSUER = 'https://api.example.com';

test('jose verifies an assertion as docs/services.md shows, and refuses one for another audience, another issuer and a changed one', async (t) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    assertion: { issuer: ISSUER },
    routes: [{ name: 'orders', path: '/api/v1/orders', upstream: upstream.url }],
  });
  const answer = await fetch(`${gateway.url}/api/v1/orders`, { headers: { Authorization: basic(ADA) } });
  t.is(answer.status, 200);
  const [assertion = ''] = upstream.seen[0]?.values('x-user-assertion') ?? [];

  const keys = createRemoteJWKSet(new URL(`${gateway.url}/.well-known/jwks.json`), { cacheMaxAge: 300_000 });
  const expected = {
    ...{ algorithms: ['ES256'], issuer: ISSUER, audience: 'orders' },
    ...{ clockTolerance: 30, requiredClaims: ['sub', 'exp'] },
  };
  const { payload, protectedHeader } = await jwtVerify(assertion, keys, expected);
  t.is(payload.sub, '1');
  const [key] = keys.jwks()?.keys ?? [];
  t.is(protectedHeader.kid, key && (await calculateJwkThumbprint(key)));

  await t.throwsAsync(jwtVerify(assertion, keys, { ...expected, audience: 'billing' }), { message: /"aud"/ });
  await t.throwsAsync(jwtVerify(assertion, keys, { ...expected, issuer: 'https://b' }), { message: /"iss"/ });
  const [header, claims, signature] = assertion.split('.');
  const forged = Buffer.from(JSON.stringify({ ...payload, sub: '2' })).toString('base64url');
  await t.throwsAsync(jwtVerify(`${header}.${forged}.${signature}`, keys, expected), { message: /signature/ });
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  await t.throwsAsync(jwtVerify(`${none}.${claims}.`, keys, expected));
});
