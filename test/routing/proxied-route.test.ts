import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import Koa from 'koa';
import { pino } from 'pino';
import { GatewayError } from '../../gateway/domain/errors.ts';
import { openGroup } from '../../gateway/forward/upstream/group.ts';
import { compileProxied } from '../../gateway/routing/proxied-route.ts';
import { groupOf } from '../../gateway/settings/schema/upstream-group.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { settingsOf } from '../settings/problems.ts';

/** A Koa application whose last stage is a route with `proxy`, and what the stage before it saw of that. */
async function application(t: ExecutionContext, upstream: string) {
  const { routes } = settingsOf(t, `routes: [{ name: s, path: /s, upstream: "${upstream}", auth: none, proxy: {} }]`);
  const [route] = routes;
  if (route === undefined) throw new Error('unreachable');
  const meter = { attempted: () => {}, ejected: () => {}, changed: () => {}, closed: () => {} };
  const group = openGroup(groupOf([upstream], {}), 1_000, pino({ level: 'silent' }), () => meter);
  t.teardown(() => group.close());
  const stage = compileProxied(route, new Map());
  const seen: string[] = [];

  const app = new Koa();
  app.use(async (ctx, next) => {
    ctx.respond = false;
    try {
      await next();
      seen.push(`answered ${ctx.res.statusCode}`);
    } catch (error) {
      seen.push(error instanceof GatewayError ? error.code : String(error));
      ctx.res.end();
    }
  });
  app.use((ctx) =>
    stage?.(ctx, {
      group,
      deadlines: { connect: 1_000, firstByte: 30_000, idle: 30_000, request: null },
      hasBody: false,
      maxBody: null,
      requireLength: false,
      tally: { received: 0, sent: 0 },
      awaitsContinue: false,
      requestId: 'r1',
      decidesCors: false,
      rewriting: null,
      clientPath: '/',
      onRetry: () => {},
      headFor: () => ({ target: '/s', headers: ['host', 'upstream.test'] }),
    }),
  );
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close().closeAllConnections());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

test('stages before a route with proxy go on when its answer has been handed over', async (t) => {
  const upstream = await httpUpstream(t);
  const { url, seen } = await application(t, upstream.url);
  for (const expected of [['answered 200'], ['answered 200', 'answered 200']]) {
    t.is((await fetch(url)).status, 200);
    await holds('the stage before goes on', () => seen.length === expected.length);
    t.deepEqual(seen, expected);
  }
});

test('stages before a route with proxy see its failures', async (t) => {
  const { url, seen } = await application(t, 'http://127.0.0.1:1');
  await fetch(url);
  await holds('the stage before goes on', () => seen.length === 1);
  t.deepEqual(seen, ['bad_gateway']);
});

test('stages before a route with proxy see that the client has left', async (t) => {
  const upstream = await httpUpstream(t, () => {});
  const { url, seen } = await application(t, upstream.url);
  const leave = new AbortController();
  const asked = fetch(url, { signal: leave.signal });
  await holds('the upstream has the request', () => upstream.seen.length === 1);
  leave.abort();
  await t.throwsAsync(asked);
  await holds('the stage before goes on', () => seen.length === 1);
  t.deepEqual(seen, ['client_closed']);
});
