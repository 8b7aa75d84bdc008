import { textOfError } from '../gateway/cli/error-text.ts';
import { openScope } from '../test/lab/open-scope.ts';
import type { Scope } from '../test/lab/scope.ts';
import { askGatehouse } from './figures/ask.ts';
import { CPU_USAGE, type CpuPlan, parseCpuPlan, type Side } from './harness/cpu-plan.ts';
import { credentialFields } from './harness/credential.ts';
import { type Gatehouse, startGatehouse } from './harness/gatehouse.ts';
import { type Lab, openLab } from './harness/lab.ts';
import { installIndispensable } from './harness/packages.ts';
import { percentile, spreadOf } from './harness/statistics.ts';
import { scriptOf } from './peers/workload.ts';
import { number, spread } from './report/format.ts';

/** One that takes its turn. */
interface Contender extends Side {
  readonly gatehouse: Gatehouse;
  /** Microseconds for each request, round by round. */
  readonly times: Record<Part, number[]>;
}

/** Of the CPU time. */
const PARTS = ['user', 'system', 'both'] as const;
type Part = (typeof PARTS)[number];

/** For compilers and caches; they are not in the result. */
const WARM_UP_ROUNDS = 2;

/**
 * Measures the CPU time, in user mode and in the kernel, that a request costs gateways of several checkouts or configurations. They take
 * turns on one core under the same load, every second round in the other direction, so that a machine at work for others
 * disturbs all alike; the ratio within a round says what a change does.
 */
const parsed = parseCpuPlan(process.argv.slice(2));
if (parsed.kind === 'wrong') {
  process.stderr.write(`${parsed.message}\n`);
  process.exitCode = 2;
} else if (parsed.kind === 'help') {
  say(CPU_USAGE);
} else {
  const scope = openScope();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void scope.close().finally(() => process.exit(1)));
  }
  try {
    await installIndispensable();
    await measure(scope, await openLab(scope), parsed.plan);
  } catch (error) {
    process.stderr.write(`${textOfError(error)}\n`);
    process.exitCode = 1;
  } finally {
    await scope.close();
  }
}

async function measure(scope: Scope, lab: Lab, plan: CpuPlan): Promise<void> {
  const contenders: Contender[] = [];
  for (const side of plan.sides) {
    const gatehouse = await startGatehouse(scope, lab, side);
    contenders.push({ ...side, gatehouse, times: { user: [], system: [], both: [] } });
  }
  const [first] = contenders;
  if (first === undefined) return;
  const headers = await credentialFields(plan.credential, first.gatehouse);
  const script = scriptOf({ body: plan.bodyLength === null ? null : 'x'.repeat(plan.bodyLength) });
  const { path, seconds, connections } = plan;
  const expects = plan.credential === 'none' ? 'refusal' : 'success';
  for (let round = -WARM_UP_ROUNDS; round < plan.rounds; round++) {
    for (const { name, gatehouse, times } of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const load = { headers, path, seconds, connections, script, expects } as const;
      const { cpuPerRequest: both, userPerRequest: user, rate } = await askGatehouse(scope, lab, gatehouse, load);
      if (round < 0) continue;
      times.user.push(user);
      times.system.push(both - user);
      times.both.push(both);
      say(`round ${round + 1}: ${name} ${number(user)} + ${number(both - user)} µs, ${number(rate)} requests/s`);
    }
  }
  for (const { name, times } of contenders) {
    say(`${name}: µs of CPU time for each request`);
    for (const part of PARTS) {
      const ratios = times[part].map((time, round) => time / (first.times[part][round] ?? Number.NaN));
      const beside = times === first.times ? '' : `; ÷ ${first.name}: ${ratioText(ratios)}`;
      say(`  ${part}: ${spread(spreadOf(times[part]))}${beside}`);
    }
  }
}

/** The median, with the quartiles in brackets: the extremes of many short rounds say nothing. */
function ratioText(ratios: readonly number[]): string {
  const [quarter, half, most] = [25, 50, 75].map((share) => percentile(ratios, share).toFixed(3));
  return `${half} (${quarter}–${most})`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
