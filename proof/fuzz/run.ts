import { inScope } from '../../test/lab/open-scope.ts';
import type { Scope } from '../../test/lab/scope.ts';
import { print, runCommand } from '../command-line.ts';
import { type Campaign, inputOf, literal, type Report, run, shrunk } from './campaign.ts';
import { CAMPAIGNS } from './campaigns.ts';
import { addToCorpus, readCorpus } from './corpus.ts';
import { type Options, parseOptions } from './options.ts';
import { WITNESS_NAMES } from './witness-programs.ts';
import { callWitnesses } from './witnesses.ts';

const NAMES = CAMPAIGNS.map(({ name }) => name);
const HELP = `Usage: npm run fuzz -- [options]
Tries the inputs of proof/fuzz/corpus/NAME, mutations of them and generated ones, and reports where the gateway differs from
what others read, or breaks what must hold for each input.

  --only NAME       one of: ${NAMES.join(', ')}
  --seconds N       in all, divided among the campaigns
  --count N         inputs of each (default 100000; with --seconds: as many as there is time for)
  --seed N          of the run (default: the time)
  --message SEED    the input with this seed alone, from a report of the same campaign and corpus
  --grow            add inputs of new kinds to the corpus
  --witness         plain requests through nginx, HAProxy and Caddy instead, as far as they are installed
                    (--only nginx, haproxy or caddy; a count of 2000 takes some seconds)
`;

/** @param seconds for this campaign. @returns the number of differences */
async function runOne(scope: Scope, campaign: Campaign, options: Options, seconds: number): Promise<number> {
  const { name } = campaign;
  const corpus = readCorpus(name);
  const search = await campaign.open(scope);
  if (options.message !== null) {
    const input = inputOf(search, corpus, options.message);
    const { kind, difference } = await search.compare(input.bytes, input.seed);
    const differences = difference === null ? [] : [await shrunk(search, input, difference)];
    print(`  ${kind}: ${literal(input.bytes)}`);
    return report(name, options, 0, { counts: new Map(), differences, conclusion: null });
  }
  let added = 0;
  const start = performance.now();
  const result = await run(
    search,
    corpus,
    options.seed,
    (count) => count < options.count && performance.now() - start < seconds * 1_000,
    async (kind, input) => {
      if (options.grows && (await addToCorpus(name, search, kind, input, corpus.length + added))) added += 1;
    },
  );
  if (options.grows) print(`${name}: ${added} inputs added to the corpus of ${corpus.length}`);
  return report(name, options, performance.now() - start, result);
}

/** @param ms that the run took */
function report(name: string, { seed }: Options, ms: number, { counts, differences, conclusion }: Report): number {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const rate = Math.round(total / (ms / 1_000));
  if (ms > 0) print(`${name}: ${total} inputs, ${rate} a second, ${differences.length} differences (seed ${seed})`);
  for (const [kind, count] of [...counts].sort(([a], [b]) => a.localeCompare(b))) print(`  ${kind}: ${count}`);
  for (const { seed: message, difference, bytes } of differences) {
    print(`  DIFFERENCE ${difference}\n    npm run fuzz -- --only ${name} --message ${message}: ${literal(bytes)}`);
  }
  if (conclusion !== null) print(`  ${conclusion.kind}`);
  if (conclusion === null || conclusion.difference === null) return differences.length;
  print(`  DIFFERENCE ${conclusion.difference}`);
  return differences.length + 1;
}

async function runAll(scope: Scope, options: Options): Promise<number> {
  const all = options.hasWitnesses ? await callWitnesses(scope) : CAMPAIGNS;
  const chosen = all.filter(({ name }) => options.only === undefined || name === options.only);
  if (options.message === null) print(`seed ${options.seed}`);
  const end = performance.now() + options.seconds * 1_000;
  let failed = 0;
  for (const [i, campaign] of chosen.entries()) {
    const seconds = (end - performance.now()) / 1_000 / (chosen.length - i);
    failed += await inScope(scope, (own) => runOne(own, campaign, options, seconds));
  }
  return failed;
}

await runCommand(async (scope) => {
  const options = parseOptions(process.argv.slice(2), { own: NAMES, witnesses: WITNESS_NAMES }, Date.now());
  if (options === 'help') {
    print(HELP);
    return 0;
  }
  return (await runAll(scope, options)) === 0 ? 0 : 1;
});
