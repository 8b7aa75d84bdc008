import { type Campaign, literal, run } from '../../proof/fuzz/campaign.ts';
import { readCorpus } from '../../proof/fuzz/corpus.ts';
import type { Scope } from '../lab/scope.ts';

/** Tries the corpus of a campaign, and as many other inputs. @returns what differs, each with the seed of its input */
export async function differencesOf(t: Scope, campaign: Campaign, count: number, seed: number): Promise<string[]> {
  const search = await campaign.open(t);
  const corpus = readCorpus(campaign.name);
  const { differences, conclusion } = await run(search, corpus, seed, (done) => done < corpus.length + count);
  const ofInputs = differences.map((one) => `${one.seed}: ${one.difference}: ${literal(one.bytes)}`);
  return [...ofInputs, ...(conclusion?.difference ? [conclusion.difference] : [])];
}
