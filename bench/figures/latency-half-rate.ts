import type { Figure, Row } from '../harness/figure.ts';
import { issueToken, startGatehouse } from '../harness/gatehouse.ts';
import { median, spreadOf } from '../harness/statistics.ts';
import { PATH } from '../harness/upstream.ts';
import { runWrk } from '../harness/wrk.ts';
import { type GcPauses, gcPauses, type Span } from '../load/gc-pauses.ts';
import { type Distribution, runOpenLoop } from '../load/open-loop.ts';
import { portOf } from './ask.ts';
import { inTurns } from './in-turns.ts';
import { addedLatency } from './rows-in-turns.ts';

/** Far more than are under way at the same time. */
const CONNECTIONS = 256;
/** Milliseconds that the gateway may add at the median. */
const ADDED = 0.15;

/** What the gateway adds under half of what it can do. */
export const latencyAtHalfRate: Figure = {
  name: 'latency-half-rate',
  title: 'Added latency at half the highest rate',
  method: `Requests at random moments (Poisson) planned beforehand, the same for both, sent whatever becomes of those before (open loop) on ${CONNECTIONS} connections; a latency counts from the planned moment. Half the rate that wrk gets with 32 connections just before. Through the gateway, less the same straight to the upstream, in turns. Garbage collection is what Node’s perf_hooks report of the gateway in the same time.`,
  async measure(scope, lab, { rounds, seconds }) {
    const { nodeArgs, env, within } = gcPauses(scope);
    const gatehouse = await startGatehouse(scope, lab, { name: 'latency-half-rate', nodeArgs, env });
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
    const latencies = measured.map(([gateway, upstream]) => [gateway.latency, upstream.latency] as const);
    const what = `added latency at ${rate} requests/s`;
    return [
      ...addedLatency(latencies, what, ['p50', 'p99', 'p999', 'p9999'], ADDED),
      ...lateness(measured.map(([{ late }]) => late)),
      ...(await pauseRows(
        measured.map(([{ span }]) => span),
        within,
      )),
    ];
  },
};

/** The load's own share of the latencies through the gateway. */
function lateness(late: readonly Distribution[]): Row[] {
  return (['p99', 'p9999'] as const).map((share) => ({
    what: `requests sent after the planned moment, ${share === 'p99' ? 'p99' : 'p99.99'}`,
    value: spreadOf(late.map((one) => one[share])),
    unit: 'ms',
    aim: { kind: 'report' },
    note: 'the load’s own doing; part of the latencies',
  }));
}

/** What garbage collection explains of them. */
async function pauseRows(spans: readonly Span[], within: GcPauses['within']): Promise<Row[]> {
  const rounds = await Promise.all(spans.map(within));
  const row = (what: string, unit: string, value: (pauses: readonly number[], span: Span) => number): Row => ({
    what,
    value: spreadOf(rounds.map((pauses, i) => value(pauses, spans[i] as Span))),
    unit,
    aim: { kind: 'report' },
    note: '',
  });
  return [
    row('garbage collection pauses of the gateway', 'a second', ({ length }, { from, to }) => {
      return (length * 1_000) / (to - from);
    }),
    row('garbage collection pauses, the median', 'ms', (pauses) => (pauses.length === 0 ? 0 : median(pauses))),
    row('garbage collection pauses, the longest', 'ms', (pauses) => Math.max(0, ...pauses)),
  ];
}
