import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { newAssertionKey } from '../../../gateway/settings/schema/assertion-key.ts';
import type { AssertionKey } from '../../../gateway/settings/schema/settings.ts';
import { keyIdOf } from '../../../gateway/signing/assertion-keys.ts';
import { ADA, basic } from '../../lab/gateways/gateway.ts';
import { PATH } from '../../lab/gateways/load.ts';
import { gateways } from '../../lab/gateways/nodes.ts';
import { temporaryDatabase } from '../../lab/stores/database.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { holds } from '../../lab/waiting/condition.ts';

const EXPECTED = { algorithms: ['ES256'], issuer: 'https://a', audience: 'orders' };
/** Milliseconds between two requests of the load. */
const REST = 5;

test('the key changes under load, over two workers, and nothing is signed with one that is not published', async (t) => {
  const upstream = await httpUpstream(t);
  const group = await gateways(t, {
    location: await temporaryDatabase(t, 'sqlite'),
    redis: '',
    upstream: upstream.url,
  });
  const [old, next] = [newAssertionKey(), newAssertionKey()];
  const withKeys = (...keys: AssertionKey[]) => ({
    workers: 2,
    assertion: { issuer: 'https://a', keys: keys.map((key) => JSON.stringify(key)) },
  });
  const node = await group.start('A', withKeys(old));
  const published = async (origin = node.url) =>
    (await (await fetch(`${origin}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
  const idsAt = async (origin: string) => (await published(origin)).keys.map(({ kid }) => kid);

  /** The keys that a service knows: those that were published at the last step. */
  let known = createLocalJWKSet(await published());
  let isOver = false;
  const signers = new Set<string | undefined>();
  const load = async () => {
    while (!isOver) {
      const from = upstream.seen.length;
      const answer = await fetch(node.url + PATH, { headers: { Authorization: basic(ADA) } });
      await answer.arrayBuffer();
      t.is(answer.status, 200);
      for (const seen of upstream.seen.slice(from)) {
        const [assertion = ''] = seen.values('x-user-assertion');
        signers.add(decodeProtectedHeader(assertion).kid);
        await t.notThrowsAsync(jwtVerify(assertion, known, EXPECTED));
      }
      await pause(REST);
    }
  };
  const reload = async (...keys: AssertionKey[]) => {
    const taken = () => node.log.filter(({ msg }) => msg === 'configuration taken over').length;
    const before = taken();
    await group.configure('A', withKeys(...keys));
    process.kill(node.pid, 'SIGHUP');
    await holds('the configuration is taken over', () => taken() > before, 20_000);
    const ids = keys.map(keyIdOf);
    t.deepEqual([await idsAt(node.url), await idsAt(node.opsUrl)], [ids, ids]);
  };
  const loading = load();
  await reload(old, next);
  known = createLocalJWKSet(await published());
  await reload(next, old);
  await holds('the new key signs', () => signers.has(keyIdOf(next)), 20_000);
  await reload(next);
  known = createLocalJWKSet(await published());
  isOver = true;
  await loading;
  t.deepEqual([...signers].sort(), [keyIdOf(old), keyIdOf(next)].sort());
});
