import { parseArgs } from 'node:util';
import { type Campaign, type Difference, literal, run, shrunk } from './campaign.ts';
import { CAMPAIGNS } from './campaigns.ts';
import { callWitnesses } from './witnesses.ts';

const HELP = `Usage: npm run fuzz -- [options]
Reads generated messages with the gateway and with others, and reports what they read differently.

  --only NAME       one of: ${CAMPAIGNS.map(({ name }) => name).join(', ')}
  --count N         messages of each (default 100000)
  --seconds N       stop each after this time
  --seed N          of the run (default: the time)
  --message SEED    the message with this seed alone, from a report
  --witness         plain requests through nginx, HAProxy and Caddy instead, as far as they are installed
                    (--only nginx, haproxy or caddy; a count of 2000 takes some seconds)
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    count: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    message: { type: 'string' },
    witness: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function runOne(campaign: Campaign): Promise<readonly Difference[]> {
  const start = performance.now();
  const { counts, differences } = await run(
    campaign,
    Number(values.seed),
    (count) => count < Number(values.count) && performance.now() - start < Number(values.seconds) * 1_000,
  );
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const rate = Math.round(total / ((performance.now() - start) / 1_000));
  print(
    `${campaign.name}: ${total} messages, ${rate} a second, ${differences.length} differences (seed ${values.seed})`,
  );
  for (const [kind, count] of [...counts].sort(([a], [b]) => a.localeCompare(b))) print(`  ${kind}: ${count}`);
  return differences;
}

async function main(): Promise<number> {
  if (values.help === true) {
    print(HELP);
    return 0;
  }
  const { only, message } = values;
  const witnesses = values.witness === true ? await callWitnesses() : null;
  const chosen = (witnesses?.campaigns ?? CAMPAIGNS).filter(({ name }) => only === undefined || name === only);
  if (chosen.length === 0) {
    process.stderr.write(HELP);
    return 2;
  }
  let failed = 0;
  for (const campaign of chosen) {
    const differences =
      message === undefined ? await runOne(campaign) : [await shrunk(campaign, Number(message), 'no difference')];
    for (const { seed, difference, bytes } of differences) {
      print(`  DIFFERENCE ${difference}\n    message ${seed}: ${literal(bytes)}`);
    }
    failed += differences.length;
  }
  witnesses?.stop();
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
