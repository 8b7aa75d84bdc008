import './time/replace-time.ts';
import { print, runCommand } from '../command-line.ts';
import { HELP, type Options, parseOptions, WORLD_STEPS } from './options.ts';

/** Lines before a violation that are printed. */
const SHOWN = 80;

/** Adds the counts of one world to those of all. */
function tally(all: Map<string, number>, some: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(some)) all.set(name, (all.get(name) ?? 0) + count);
}

function list(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

async function run({ seed: first, steps: most }: Extract<Options, { kind: 'run' }>): Promise<number> {
  // The gateway's modules are loaded after their clocks and timers have been replaced.
  const { installDriver } = await import('./sql/driver.ts');
  const { imageOfGateway } = await import('./image-of-gateway.ts');
  const { simulate } = await import('./simulation.ts');
  const contents = [await imageOfGateway(5), await imageOfGateway(5)] as const;
  installDriver();
  print(`seed ${first}, ${most} steps`);
  const begun = process.hrtime.bigint();
  const [events, answers, faults] = [new Map(), new Map(), new Map()];
  let [steps, seconds, trace, violations, worlds, shared] = [0, 0, 0, 0, 0, 0];
  for (let seed = first; steps < most && violations === 0; seed += 1) {
    const world = await simulate(seed, Math.min(WORLD_STEPS, most - steps), contents);
    steps += world.steps;
    seconds += world.seconds;
    trace = (Math.imul(trace, 31) + world.trace) >>> 0;
    violations += world.violations.length;
    tally(events, world.events);
    worlds += 1;
    if (world.answers.length > 1) shared += 1;
    for (const some of world.answers) tally(answers, some);
    tally(faults, world.faults);
    if (world.violations.length === 0) continue;
    print(`world ${seed}, the last of ${world.steps} steps:`);
    for (const line of world.lines.slice(-SHOWN)) print(line);
    for (const { text } of world.violations) print(`VIOLATION ${text}`);
    print(`repeat it: npm run simulate -- --seed ${seed} --steps ${world.steps}`);
  }
  const took = Number(process.hrtime.bigint() - begun) / 1e9;
  print(`worlds: ${worlds}, ${shared} of them with a Redis that two installations share`);
  print(`events: ${list(events)}`);
  print(`answers: ${list(answers)}`);
  print(`faults: ${list(faults)}`);
  print(
    `${steps} steps, ${Math.round(seconds)} simulated seconds in ${took.toFixed(1)} s, trace ${trace.toString(16)}`,
  );
  print(`${violations} violations`);
  return violations === 0 ? 0 : 1;
}

await runCommand(async () => {
  const options = parseOptions(process.argv.slice(2), Date.now());
  if (options.kind === 'run') return await run(options);
  print(HELP);
  return 0;
});
