import type { Figure } from '../harness/figure.ts';
import { issueToken, startGatehouse } from '../harness/gatehouse.ts';
import { PATH } from '../harness/upstream.ts';
import { runWrk } from '../harness/wrk.ts';
import { inTurns } from './in-turns.ts';
import { addedLatency } from './rows-in-turns.ts';

/** What the gateway adds when it has nothing else to do. */
export const latency: Figure = {
  name: 'latency',
  title: 'Added latency, one connection',
  method:
    'One connection, each request sent when the one before is answered: through the gateway, less the same straight to the upstream, in turns.',
  async measure(scope, lab, { rounds, seconds }) {
    const gatehouse = await startGatehouse(scope, lab, { name: 'latency' });
    const { token } = await issueToken(gatehouse);
    const ask = (url: string) => {
      const headers = { authorization: `Bearer ${token}` };
      return runWrk(scope, { url: url + PATH, headers, seconds, connections: 1, core: lab.cores.load });
    };
    const measured = await inTurns(
      rounds,
      () => ask(gatehouse.url),
      () => ask(lab.upstream.url),
    );
    return addedLatency(measured, 'added latency', ['p50', 'p99'], 0.25);
  },
};
