import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { childrenOf } from '../../test/lab/gateways/workers.ts';
import type { Cores } from '../harness/cores.ts';
import type { Figure } from '../harness/figure.ts';
import { issueToken, startGatehouse } from '../harness/gatehouse.ts';
import { askGatehouse } from './ask.ts';
import { eachRound, inTurns, medians } from './in-turns.ts';

/** What a request costs where two processes share the work. */
export const workers: Figure = {
  name: 'workers',
  title: 'Two workers',
  method:
    'A gateway with `workers: 2` against one with a single process, in turns. Both may use both cores, where the load and the upstream run as well: what counts is the CPU time of all processes of the gateway, not the rate.',
  async measure(scope, lab, { rounds, seconds }) {
    const start = async (count: number) => {
      const gatehouse = await startGatehouse(scope, lab, { name: `workers-${count}`, settings: { workers: count } });
      await useBoth(lab.cores, gatehouse.pid);
      return gatehouse;
    };
    const [two, one] = [await start(2), await start(1)];
    const { token } = await issueToken(one);
    const headers = { authorization: `Bearer ${token}` };
    const measured = await inTurns(
      rounds,
      () => askGatehouse(scope, lab, two, { headers, seconds }),
      () => askGatehouse(scope, lab, one, { headers, seconds }),
    );
    const cpu = medians(measured, ({ cpuPerRequest }) => cpuPerRequest);
    const rates = medians(measured, ({ rate }) => rate);
    return [
      {
        what: 'CPU time per request, two workers ÷ one',
        value: eachRound(measured, (ofTwo, ofOne) => ofTwo.cpuPerRequest / ofOne.cpuPerRequest),
        unit: '×',
        aim: { kind: 'at most', value: 1.05 },
        note: `${cpu.map((us) => us.toFixed(0)).join(' and ')} µs; ${rates.map(Math.round).join(' and ')} requests/s`,
      },
    ];
  },
};

/** The laboratory has it on one core; so one worker is moved as well, that both are measured alike. */
async function useBoth({ server, load }: Cores, pid: number): Promise<void> {
  for (const process of [pid, ...childrenOf(pid)]) {
    await promisify(execFile)('taskset', ['--all-tasks', '--cpu-list', '--pid', `${server},${load}`, String(process)]);
  }
}
