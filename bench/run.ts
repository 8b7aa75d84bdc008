import { textOfError } from '../gateway/cli/error-text.ts';
import { inScope, openScope } from '../test/lab/open-scope.ts';
import { figures } from './figures/all.ts';
import type { Figure } from './harness/figure.ts';
import { type Lab, openLab } from './harness/lab.ts';
import { installIndispensable } from './harness/packages.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { peers } from './peers/all.ts';
import { comparePeers } from './peers/compare.ts';
import { SMALL } from './peers/workload.ts';
import { thisMachine } from './report/machine.ts';
import { type FigureResult, leftOutBy, loadResults } from './report/results.ts';
import { writeReport } from './report/write.ts';

/**
 * Measures the gateway beside its peers and by itself, and writes results.md and results.svg.
 *
 * npm run bench -- [--rounds 3] [--seconds 6] [--only NAME ...]
 */
const scope = openScope();
const names = [...peers, ...figures].map(({ name }) => name);
const parsed = parseOptions(process.argv.slice(2), names);
/** From then on, what is ended in the middle of its work fails: that is nothing to tell or to keep. */
let isInterrupted = false;

if (parsed.kind === 'wrong') {
  process.stderr.write(`${parsed.message}\n`);
  process.exitCode = 2;
} else if (parsed.kind === 'help') {
  say(`${USAGE}\nNames: ${names.join(', ')}`);
} else {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      isInterrupted = true;
      void scope.close().finally(() => process.exit(code));
    });
  }
  try {
    await run(parsed.options);
  } catch (error) {
    if (!isInterrupted) process.stderr.write(`${textOfError(error)}\n`);
    process.exitCode = 1;
  } finally {
    await scope.close();
  }
}

async function run(options: Options): Promise<void> {
  await installIndispensable();
  let results = await loadResults(thisMachine());
  const lab = await openLab(scope);
  const chosen = peers.filter(({ name }) => options.names.has(name));
  if (chosen.length > 0) {
    const compared = await inScope(scope, (own) => comparePeers(own, lab, chosen, SMALL, options, say));
    if (isInterrupted) return;
    results = { ...results, gatehouse: compared.gatehouse, peers: { ...results.peers, ...compared.peers } };
    await writeReport(results);
    const { token, password } = compared.gatehouse;
    if (token.kind === 'left out' || password.kind === 'left out') process.exitCode = 1;
  }
  for (const figure of figures) {
    if (!options.names.has(figure.name)) continue;
    say(`${figure.title}: measuring`);
    const result = await measure(lab, figure, options);
    if (isInterrupted) return;
    results = { ...results, figures: { ...results.figures, [figure.name]: result } };
    await writeReport(results);
  }
  say('written: bench/results.md');
}

async function measure(lab: Lab, figure: Figure, options: Options): Promise<FigureResult> {
  const at = new Date().toISOString();
  try {
    return { kind: 'measured', at, rows: await inScope(scope, (own) => figure.measure(own, lab, options, say)) };
  } catch (error) {
    say(`${figure.title} is left out: ${textOfError(error)}`);
    return leftOutBy(error);
  }
}

function say(line: string): void {
  if (!isInterrupted) process.stdout.write(`${line}\n`);
}
