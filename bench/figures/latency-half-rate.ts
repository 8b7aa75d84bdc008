import type { Figure } from '../harness/figure.ts';
import { issueToken, startGatehouse } from '../harness/gatehouse.ts';
import { PATH } from '../harness/upstream.ts';
import { runWrk } from '../harness/wrk.ts';
import { runOpenLoop } from '../load/open-loop.ts';
import { portOf } from './ask.ts';
import { inTurns, medians } from './in-turns.ts';
import { addedLatency } from './rows-in-turns.ts';

/** Far more than are under way at the same time. */
const CONNECTIONS = 256;

/** What the gateway adds under half of what it can do. */
export const latencyAtHalfRate: Figure = {
  name: 'latency-half-rate',
  title: 'Added latency at half the highest rate',
  method: `Requests at random moments (Poisson) planned beforehand, the same for both, sent whatever becomes of those before (open loop) on ${CONNECTIONS} connections; a latency counts from the planned moment. Half the rate that wrk gets with 32 connections just before. Through the gateway, less the same straight to the upstream, in turns.`,
  async measure(scope, lab, { rounds, seconds }) {
    const gatehouse = await startGatehouse(scope, lab, { name: 'latency-half-rate' });
    const { token } = await issueToken(gatehouse);
    const authorization = `Bearer ${token}`;
    const load = { url: gatehouse.url + PATH, headers: { authorization }, seconds, core: lab.cores.load };
    await runWrk(scope, load);
    const highest = await runWrk(scope, load);
    const rate = Math.round(highest.rate / 2);
    const ask = (url: string) => {
      const plan = { port: portOf({ url }), path: PATH, authorization, rate, seconds, connections: CONNECTIONS };
      return runOpenLoop(scope, lab.cores.load, plan);
    };
    const measured = await inTurns(
      rounds,
      () => ask(gatehouse.url),
      () => ask(lab.upstream.url),
    );
    const late = medians(measured, (side) => side.late.p99);
    const latencies = measured.map(([gateway, upstream]) => [gateway.latency, upstream.latency] as const);
    const [p50, p99] = addedLatency(latencies, `added latency at ${rate} requests/s`);
    const lag = `99 % of requests were sent within ${Math.max(...late).toFixed(2)} ms of the planned moment`;
    return [p50, { ...p99, note: `${p99.note}; ${lag}` }];
  },
};
