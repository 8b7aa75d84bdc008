import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import test from 'ava';
import { createLog } from '../../../gateway/ops/log.ts';
import { createSpanQueue } from '../../../gateway/ops/tracing/span-queue.ts';
import { holds } from '../../lab/waiting/condition.ts';

const SPAN = {} as ReadableSpan;
const OF_ONE_BATCH = Array<ReadableSpan>(512).fill(SPAN);

function queueTo(exporter: Partial<SpanExporter>) {
  const count = { exported: 0, dropped: 0 };
  const meter = {
    exported(more: number) {
      count.exported += more;
    },
    dropped(more: number) {
      count.dropped += more;
    },
  };
  const whole = { export: () => {}, shutdown: async () => {}, ...exporter };
  const log = createLog({ level: 'silent', format: 'json' });
  return { count, queue: createSpanQueue(whole, meter, log, 'http://collector') };
}

test('spans that are added at any moment around the end of a batch are sent', async (t) => {
  let ended = () => {};
  const { count, queue } = queueTo({
    export(_, done) {
      setImmediate(() => {
        done({ code: 0 });
        ended();
      });
    },
  });
  for (let ticks = 0; ticks < 12; ticks += 1) {
    const before = count.exported;
    const isOver = new Promise<void>((resolve) => {
      ended = resolve;
    });
    queue.add(OF_ONE_BATCH);
    await isOver;
    for (let tick = 0; tick < ticks; tick += 1) await null;
    queue.add(OF_ONE_BATCH);
    await holds(`the batch after ${ticks} ticks is sent`, () => count.exported === before + 2 * OF_ONE_BATCH.length);
  }
  t.is(count.dropped, 0);
});

test('spans that cannot be written are dropped, and later ones are sent', async (t) => {
  let fails = true;
  const { count, queue } = queueTo({
    export(_, done) {
      if (fails) throw new TypeError('not a span');
      done({ code: 0 });
    },
  });
  queue.add(OF_ONE_BATCH);
  await holds('they are dropped', () => count.dropped === OF_ONE_BATCH.length);
  fails = false;
  queue.add(OF_ONE_BATCH);
  await holds('they are sent', () => count.exported === OF_ONE_BATCH.length);
  t.pass();
});

test('an exporter that never closes does not keep the queue from closing', async (t) => {
  const { count, queue } = queueTo({
    export: (_, done) => done({ code: 0 }),
    shutdown: () => new Promise(() => {}),
  });
  queue.add([SPAN]);
  await queue.close(50);
  t.is(count.exported, 1);
});
