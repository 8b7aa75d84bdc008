import { OperatorError } from '../../gateway/domain/errors.ts';
import { inScope } from '../../test/lab/open-scope.ts';
import { mostMemoryDuring, residentMemory } from '../../test/lab/processes/resident-memory.ts';
import { bulkUpstream, download, upload } from '../../test/lab/upstreams/bulk.ts';
import type { Figure, Row } from '../harness/figure.ts';
import { type Gatehouse, startGatehouse } from '../harness/gatehouse.ts';
import { spreadOf } from '../harness/statistics.ts';
import { MEGABYTE } from '../harness/upstream.ts';
import { portOf } from './ask.ts';

const BYTES = 1_024 * MEGABYTE;
const WARM_UP = 64 * MEGABYTE;

/** Whether the gateway holds back what it passes on. */
export const gigabyte: Figure = {
  name: 'gigabyte',
  title: 'Memory while a gigabyte passes',
  method:
    'The most resident memory while one body of 1 GB passes (both ways: one each way at the same time), less what it was before, after a warm-up of 64 MB. By each of the ways that requests are forwarded, with a gateway of its own.',
  async measure(scope, lab) {
    const [plain, multiplexed] = await Promise.all([bulkUpstream(scope, 'HTTP/1.1'), bulkUpstream(scope, 'HTTP/2')]);
    const upstreams = { multiplexed: { servers: [multiplexed], http2: true } };
    const routes = [
      { name: 'HTTP/1.1', path: '/plain', upstream: plain, auth: 'none' },
      { name: 'HTTP/2', path: '/multiplexed', upstream: 'multiplexed', auth: 'none' },
      { name: 'a route with proxy: {}', path: '/proxied', upstream: plain, auth: 'none', proxy: {} },
    ];
    const named = routes.map((route, i) => ({ ...route, name: `route-${i}` }));
    const rows: Row[] = [];
    for (const { name, path } of routes) {
      await inScope(scope, async (own) => {
        const gatehouse = await startGatehouse(own, lab, { name: 'gigabyte', settings: { routes: named, upstreams } });
        rows.push(...(await growthOf(gatehouse, name, path)));
      });
    }
    return rows;
  },
};

async function growthOf(gatehouse: Gatehouse, name: string, path: string): Promise<Row[]> {
  const port = portOf(gatehouse);
  const down = async (bytes: number) => await requireBytes(download(port, path, bytes), bytes);
  const up = async (bytes: number) => await requireBytes(upload(port, path, bytes), bytes);
  const ways: Record<string, (bytes: number) => Promise<unknown>> = {
    answer: down,
    upload: up,
    'both ways': (bytes) => Promise.all([down(bytes), up(bytes)]),
  };
  await ways['both ways']?.(WARM_UP);
  const rows: Row[] = [];
  for (const [way, send] of Object.entries(ways)) {
    const before = await residentMemory(gatehouse.pid);
    const started = performance.now();
    const most = await mostMemoryDuring(gatehouse.pid, async () => void (await send(BYTES)));
    const seconds = (performance.now() - started) / 1_000;
    rows.push({
      what: `${name}, ${way}`,
      value: spreadOf([(most - before) / MEGABYTE]),
      unit: 'MB',
      aim: { kind: 'at most', value: 64 },
      note: `${Math.round(BYTES / MEGABYTE / seconds)} MB/s, at most ${Math.round(most / MEGABYTE)} MB in all`,
    });
  }
  return rows;
}

/** @throws {OperatorError} Where less came through, such as an answer that says what is wrong. */
async function requireBytes(sent: Promise<number>, bytes: number): Promise<void> {
  const arrived = await sent;
  if (!(arrived >= bytes)) throw new OperatorError(`Of ${bytes} bytes, ${arrived} came through: no figure.`);
}
