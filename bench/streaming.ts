import { bulkUpstream, download, upload } from '../test/support/bulk.ts';
import { temporaryDatabase } from '../test/support/database.ts';
import { type GatewayNode, gateways } from '../test/support/nodes.ts';
import { mostMemoryDuring, residentMemory } from '../test/support/resident-memory.ts';

/**
 * A gigabyte each way through a gateway in a process of its own: how fast, and how much memory that takes.
 *
 * node bench/streaming.ts [MEGABYTES]
 */
const MEGABYTE = 1024 * 1024;
const BYTES = Number(process.argv[2] ?? 1_024) * MEGABYTE;
const WARM_UP = 64 * MEGABYTE;

const steps: (() => unknown)[] = [];
const scope = { teardown: (undo: () => unknown) => void steps.push(undo) };
try {
  const [plain, multiplexed] = await Promise.all([bulkUpstream(scope, 'HTTP/1.1'), bulkUpstream(scope, 'HTTP/2')]);
  const all = await gateways(scope, {
    location: await temporaryDatabase(scope, 'sqlite'),
    redis: '',
    upstream: plain,
  });
  const routes = [
    { name: 'undici', path: '/undici', upstream: plain, auth: 'none' },
    { name: 'http2', path: '/http2', upstream: 'http2', auth: 'none' },
    { name: 'proxy', path: '/proxy', upstream: plain, auth: 'none', proxy: {} },
  ];
  const upstreams = { http2: { servers: [multiplexed], http2: true } };
  for (const { name, path } of routes) await measure(await all.start(name, { routes, upstreams }), path);
} finally {
  for (const undo of steps.reverse()) await undo();
}

async function measure(node: GatewayNode, path: string): Promise<void> {
  const port = Number(new URL(node.url).port);
  await Promise.all([download(port, path, WARM_UP), upload(port, path, WARM_UP)]);
  const ways: Record<string, (bytes: number) => Promise<unknown>> = {
    down: (bytes) => download(port, path, bytes),
    up: (bytes) => upload(port, path, bytes),
    'both ways': (bytes) => Promise.all([download(port, path, bytes), upload(port, path, bytes)]),
  };
  for (const [way, send] of Object.entries(ways)) {
    const before = await residentMemory(node.pid);
    const started = performance.now();
    const most = await mostMemoryDuring(node.pid, async () => void (await send(BYTES)));
    const seconds = (performance.now() - started) / 1_000;
    const [rate, held, grown] = [BYTES / seconds, most, most - before].map((bytes) => Math.round(bytes / MEGABYTE));
    console.log(
      `${path} ${way}: ${seconds.toFixed(1)} s, ${rate} MB/s, at most ${held} MB, ${grown} MB more than before`,
    );
  }
  await node.stop();
}
