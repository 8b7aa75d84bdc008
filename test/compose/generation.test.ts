import { setTimeout as pause } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { createGeneration, type GenerationDeps } from '../../gateway/compose/generation.ts';
import { sharedUpstreams } from '../../gateway/forward/upstream/shared-groups.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { settingsOf } from '../settings/problems.ts';

const log = pino({ level: 'silent' });
const meter = { attempted() {}, ejected() {}, changed() {}, closed() {} };

/** Two routes to groups of their own, the first of which is asked every 10 ms whether it is well. */
const text = (url: string) => `
upstreams:
  watched: { servers: ["${url}"], health: { path: /health, interval: 10ms } }
routes:
  - { name: a, path: /a, upstream: watched, auth: none }
  - { name: b, path: /b, upstream: "http://127.0.0.1:9", auth: none, proxy: { intercept: ${JSON.stringify(import.meta.filename)} } }
`;

test('a generation whose making fails leaves no upstreams open', async (t) => {
  const upstream = await httpUpstream(t);
  const settings = settingsOf(t, text(upstream.url));
  const openUpstreams = sharedUpstreams(log, () => meter);
  const services = { log, openUpstreams, noticeUntrustedPeer() {} } as unknown as GenerationDeps;
  // The module of the second route has not been loaded.
  t.throws(() => createGeneration(settings, new Map(), services), { message: /has not been loaded/ });
  await isLeftAlone(t, upstream);
});

test('a generation of which one group cannot be opened leaves none of the others open', async (t) => {
  const upstream = await httpUpstream(t);
  const settings = settingsOf(t, text(upstream.url));
  const openUpstreams = sharedUpstreams(log, (group) => {
    if (group !== 'watched') throw new Error('out of order');
    return meter;
  });
  const services = { log, openUpstreams, noticeUntrustedPeer() {} } as unknown as GenerationDeps;
  t.throws(() => createGeneration(settings, new Map(), services), { message: 'out of order' });
  await isLeftAlone(t, upstream);
});

/** Health checks end with their group; one may be under way. With the group open, there are some twenty in 200 ms. */
async function isLeftAlone(t: ExecutionContext, upstream: { readonly seen: readonly unknown[] }): Promise<void> {
  await holds('the upstream is left alone', async () => {
    const { length } = upstream.seen;
    await pause(200);
    return upstream.seen.length === length;
  });
  t.pass();
}
