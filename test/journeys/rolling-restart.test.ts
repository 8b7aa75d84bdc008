import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import { Agent, request } from 'undici';
import { ADA, basic } from '../lab/gateways/gateway.ts';
import { gateways, type NodeProcess } from '../lab/gateways/nodes.ts';
import { fileScope } from '../lab/scope.ts';
import { temporaryDatabase } from '../lab/stores/database.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';

/** Milliseconds between two looks of the balancer at each node, and that a node goes on taking requests for. */
const LOOK = 50;
const DELAY = 1_000;
const CLIENTS = 8;
/** Milliseconds between two requests of a client: the nodes that start need the processor as well. */
const REST = 10;

const scope = fileScope();

/** Sends requests to nodes in turn, to those that said they are ready when it last looked, on connections that it keeps. */
function balancer() {
  const nodes = new Map<string, { node: NodeProcess; isReady: boolean }>();
  const agent = new Agent({ connections: 16 });
  const stopped = new AbortController();
  let turn = 0;
  const looking = (async () => {
    while (!stopped.signal.aborted) {
      for (const entry of nodes.values()) {
        entry.isReady = await entry.node.ready().then(
          ({ status }) => status === 200,
          () => false,
        );
      }
      await pause(LOOK);
    }
  })();
  return {
    add: (node: NodeProcess) => void nodes.set(node.name, { node, isReady: false }),
    isReady: (name: string) => nodes.get(name)?.isReady ?? false,
    remove: (name: string) => void nodes.delete(name),
    async send(method: 'GET' | 'POST'): Promise<string> {
      const ready = [...nodes.values()].filter(({ isReady }) => isReady);
      const node = ready[turn++ % ready.length]?.node;
      if (node === undefined) return 'no node is ready';
      try {
        const { statusCode, body } = await request(`${node.url}/api/v1/orders/7`, {
          dispatcher: agent,
          method,
          headers: { authorization: basic(ADA) },
          ...(method === 'POST' && { body: 'hello' }),
        });
        await body.dump();
        return `${statusCode}`;
      } catch (error) {
        return `${node.name}: ${error}`;
      }
    },
    async stop() {
      stopped.abort();
      await looking;
      await agent.close();
    },
  };
}

test('a rolling restart of two nodes behind a balancer fails no request, and each ends with 0', async (t) => {
  const upstream = await httpUpstream(scope);
  const all = await gateways(scope, {
    location: await temporaryDatabase(scope, 'mysql'),
    redis: '',
    upstream: upstream.url,
    settings: { shutdown: { delay: `${DELAY}ms`, timeout: '10s' } },
  });
  const [a, b] = await Promise.all([all.start('a'), all.start('b')]);
  const front = balancer();
  t.teardown(front.stop);
  front.add(a);
  front.add(b);
  await holds('both are ready', () => front.isReady('a') && front.isReady('b'));

  const outcomes = new Map<string, number>();
  let isOver = false;
  const load = Promise.all(
    Array.from({ length: CLIENTS }, async (_, client) => {
      while (!isOver) {
        const outcome = await front.send(client % 2 === 0 ? 'GET' : 'POST');
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        await pause(REST);
      }
    }),
  );
  for (const old of [a, b]) {
    const next = await all.start(`${old.name}2`);
    front.add(next);
    await holds('the new one is ready', () => front.isReady(next.name));
    t.is(await old.stop(), 0);
    front.remove(old.name);
  }
  isOver = true;
  await load;
  t.deepEqual([...outcomes.keys()], ['200']);
});
