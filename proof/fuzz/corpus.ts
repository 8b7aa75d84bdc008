import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Input, Search } from './campaign.ts';
import { shrink } from './shrink.ts';

const FOLDER = join(import.meta.dirname, 'corpus');
const SUFFIX = '.input';
/** Bounds that keep the repository small. */
const MOST_INPUTS = 64;
const MOST_BYTES = 4_096;

/**
 * Reads the kept inputs of a campaign: `corpus/NAME/SEED-WORDS.input`, in the order of the file names.
 *
 * @throws Error for a file name without a seed
 */
export function readCorpus(campaign: string): readonly Input[] {
  const folder = join(FOLDER, campaign);
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => file.endsWith(SUFFIX));
  return files.sort().map((file) => {
    const [seed] = /^-?\d+(?=[-.])/.exec(file) ?? [];
    if (seed === undefined)
      throw new Error(`${join(folder, file)}: the name must begin with a seed, such as 7-words.input`);
    return { seed: Number(seed), bytes: readFileSync(join(folder, file)) };
  });
}

/**
 * Adds an input of a new kind to the corpus of a campaign, as small as it can be made, if there is room.
 *
 * @param count inputs that the corpus has
 * @returns whether it was added
 */
export async function addToCorpus(
  campaign: string,
  search: Search,
  kind: string,
  { seed, bytes }: Input,
  count: number,
): Promise<boolean> {
  if (count >= MOST_INPUTS) return false;
  const small = await shrink(bytes, async (candidate) => {
    const found = await search.compare(candidate, seed);
    return found.kind === kind && found.difference === null;
  });
  if (small.length > MOST_BYTES) return false;
  const words = kind
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replace(/^-|-$/g, '');
  mkdirSync(join(FOLDER, campaign), { recursive: true });
  writeFileSync(join(FOLDER, campaign, `${seed}-${words}${SUFFIX}`), small);
  return true;
}
