import { arrivals } from './arrivals.ts';
import { type Connection, getRequest, openConnection } from './connection.ts';
import type { Distribution, OpenLoopPlan, OpenLoopReport } from './open-loop.ts';

/**
 * Sends each request at its planned moment, whatever becomes of those before it, and counts its latency from that moment,
 * also where it had to wait for a connection: so a server that stalls cannot keep the load from noticing (coordinated
 * omission). Between two requests it polls and never sleeps, since a timer of Node's is a millisecond late.
 *
 * node bench/load/open-loop-program.ts PLAN     JSON each way: `OpenLoopPlan`, `OpenLoopReport`
 */
const plan = JSON.parse(process.argv[2] ?? '') as OpenLoopPlan;
const WARM_UP_SECONDS = 1;
const [SEED, OTHER_SEED] = [20_260_101, 7];

const request = getRequest(plan.path, plan.authorization);
const all = await Promise.all(Array.from({ length: plan.connections }, () => openConnection(plan.port, fail)));
await run(WARM_UP_SECONDS, OTHER_SEED);
const report = await run(plan.seconds, SEED);
for (const connection of all) connection.close();
console.log(JSON.stringify(report));

function fail(error: Error): never {
  throw error;
}

function run(seconds: number, seed: number): Promise<OpenLoopReport> {
  const planned = [...arrivals(plan.rate, seconds, seed)];
  const latencies: number[] = [];
  const lateness: number[] = [];
  const free = [...all];
  /** Planned moments of requests that no connection was free for. */
  const waiting: number[] = [];
  let next = 0;

  return new Promise((resolve) => {
    const start = performance.now();

    const send = (connection: Connection, moment: number): void => {
      connection.send(request, () => {
        latencies.push(performance.now() - start - moment);
        const longest = waiting.shift();
        if (longest === undefined) free.push(connection);
        else send(connection, longest);
        if (latencies.length === planned.length) {
          const span = { from: performance.timeOrigin + start, to: performance.timeOrigin + performance.now() };
          resolve({ span, latency: distribution(latencies), late: distribution(lateness) });
        }
      });
    };

    const sendWhatIsDue = (): void => {
      for (let moment = planned[next]; moment !== undefined; moment = planned[next]) {
        const late = performance.now() - start - moment;
        if (late < 0) break;
        next += 1;
        lateness.push(late);
        // Those that were used last are the last to be used again: none is idle for so long that the server closes it.
        const connection = free.shift();
        if (connection === undefined) waiting.push(moment);
        else send(connection, moment);
      }
      if (next < planned.length) setImmediate(sendWhatIsDue);
    };
    sendWhatIsDue();
  });
}

function distribution(values: readonly number[]): Distribution {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), p9999: at(0.9999) };
}
