import test from 'ava';
import { literal, run } from '../../proof/fuzz/campaign.ts';
import { CAMPAIGNS } from '../../proof/fuzz/campaigns.ts';
import { readCorpus } from '../../proof/fuzz/corpus.ts';
import { VALUES } from '../../proof/fuzz/values/campaigns.ts';

/** Inputs of each campaign: some seconds. `npm run fuzz` tries as many as it is told to. */
const COUNTS: Readonly<Record<string, number>> = {
  requests: 10_000,
  streams: 4_000,
  answers: 10_000,
  attempts: 2_000,
  gateway: 120,
  targets: 1_500,
};
const SEED = 12;

/** Those of values are in `values.test.ts`. */
for (const campaign of CAMPAIGNS.filter((one) => !VALUES.includes(one))) {
  test.serial(`the campaign ${campaign.name} finds no difference`, async (t) => {
    const search = await campaign.open(t);
    const corpus = readCorpus(campaign.name);
    const count = corpus.length + (COUNTS[campaign.name] ?? 1_000);
    const { differences, conclusion } = await run(search, corpus, SEED, (done) => done < count);
    t.is(conclusion?.difference ?? null, null);
    t.deepEqual(
      differences.map(({ seed, difference, bytes }) => `${seed}: ${difference}: ${literal(bytes)}`),
      [],
    );
  });
}
