import test from 'ava';
import { VALUES } from '../../proof/fuzz/values/campaigns.ts';
import { differencesOf } from './differences.ts';

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
    t.deepEqual(await differencesOf(t, campaign, COUNTS[campaign.name] ?? 100, SEED), []);
  });
}
