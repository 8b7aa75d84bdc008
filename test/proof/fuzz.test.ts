import test from 'ava';
import { CAMPAIGNS } from '../../proof/fuzz/campaigns.ts';
import { VALUES } from '../../proof/fuzz/values/campaigns.ts';
import { differencesOf } from './differences.ts';

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
    t.deepEqual(await differencesOf(t, campaign, COUNTS[campaign.name] ?? 1_000, SEED), []);
  });
}
