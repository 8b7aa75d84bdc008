import test from 'ava';
import { literal, run } from '../../proof/fuzz/campaign.ts';
import { readCorpus } from '../../proof/fuzz/corpus.ts';
import { VALUES } from '../../proof/fuzz/values/campaigns.ts';

/** Inputs of each campaign besides its corpus: about a second. `npm run fuzz` tries as many as it is told to. */
const COUNTS: Readonly<Record<string, number>> = {
  addresses: 60,
  authorization: 10_000,
  configurations: 40,
  forwarding: 10_000,
  tokens: 1_000,
  'proxy-headers': 20_000,
};
const SEED = 18;

for (const campaign of VALUES) {
  test.serial(`what must hold for ${campaign.name} holds`, async (t) => {
    const search = await campaign.open(t);
    const corpus = readCorpus(campaign.name);
    const count = corpus.length + (COUNTS[campaign.name] ?? 100);
    const { differences, conclusion } = await run(search, corpus, SEED, (done) => done < count);
    t.is(conclusion?.difference ?? null, null);
    t.deepEqual(
      differences.map(({ seed, difference, bytes }) => `${seed}: ${difference}: ${literal(bytes)}`),
      [],
    );
  });
}
