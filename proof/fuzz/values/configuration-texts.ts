import { globSync, readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import type { Random } from '../../random.ts';
import { mutate } from '../mutations.ts';
import { ODD_KEYS, ODD_VALUES, SYNTAX, type Value } from './configuration-words.ts';

type Options = { [key: string]: Value };

const ROOT = new URL('../../../', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, ROOT), 'utf8');

/** The documented maps of options: the files in config/, with what they show in comments, and each block of YAML in the documentation. */
const EXAMPLES: readonly Options[] = [
  ...['config/gateway.yaml', 'config/demo.yaml'].map(read).flatMap((text) => [text, uncommented(text)]),
  ...globSync(['README.md', 'docs/**/*.md'], { cwd: ROOT }).flatMap((name) =>
    [...read(name).matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text),
  ),
].flatMap((text) => {
  const options = optionsIn(text);
  return options === null ? [] : [options];
});

/** The options that are shown in comments: what follows `#` where that is an entry, without the remark behind it. */
function uncommented(text: string): string {
  return text.replace(/^( *)# ?( *[\w-]+: |- )/gm, '$1$2');
}

function optionsIn(text: string): Options | null {
  try {
    const value: unknown = parse(text, { logLevel: 'silent' });
    return isMap(value) ? value : null;
  } catch {
    return null;
  }
}

function isMap(value: unknown): value is Options {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where a value is, so that it can be replaced. */
interface Spot {
  readonly holder: Options | Value[];
  readonly key: string;
}

function spotsIn(value: Value): Spot[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [{ holder: value, key }, ...spotsIn(inner)]);
}

function valueAt({ holder, key }: Spot): Value {
  return (holder as Options)[key] ?? null;
}

function put({ holder, key }: Spot, value: Value): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

const SPOTS = EXAMPLES.flatMap(spotsIn);
const KEYS = [...new Set(SPOTS.filter(({ holder }) => isMap(holder)).map(({ key }) => key))] as [string, ...string[]];

/** Configurations: options of the documented examples, some with other values, as YAML or JSON, some with other syntax. */
export function configurationTexts(random: Random): Buffer {
  const options = assembled(random);
  for (let changes = random.below(random.mostly(3, 2, 6)); changes > 0; changes -= 1) change(random, options);
  let text: Buffer = Buffer.from(written(random, options));
  if (random.once(3)) {
    for (let changes = 1 + random.below(3); changes > 0; changes -= 1) {
      const at = random.below(text.length + 1);
      const added = Buffer.from(random.of(SYNTAX));
      text = Buffer.concat([text.subarray(0, at), added, text.subarray(at + random.below(2) * added.length)]);
    }
  }
  if (random.once(4)) text = mutate(random, text);
  return text;
}

const ROUTE = { name: 'a', path: '/api/v1/a', upstream: 'http://127.0.0.1:9' };

/** Some of the sections of some of the examples. */
function assembled(random: Random): Options {
  const options: Options = { routes: [{ ...ROUTE }] };
  for (let examples = random.below(4); examples > 0; examples -= 1) {
    for (const [key, value] of Object.entries(random.of(EXAMPLES as [Options, ...Options[]]))) {
      if (random.once(2) || key === 'routes') options[key] = structuredClone(value);
    }
  }
  return options;
}

function change(random: Random, options: Options): void {
  const spots = spotsIn(options);
  const spot = spots[random.below(spots.length)];
  if (spot === undefined) return;
  const { holder, key } = spot;
  const value = valueFor(random, spot, spots);
  switch (random.below(5)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      break;
    case 1:
      if (Array.isArray(holder)) holder.push(value);
      else put({ holder, key: random.once(3) ? random.of(ODD_KEYS) : random.of(KEYS) }, value);
      break;
    default:
      put(spot, random.once(8) ? [value] : value);
  }
}

/** An odd value, one of any option, one of the same option in another example, or one from elsewhere in the configuration. */
function valueFor(random: Random, spot: Spot, spots: readonly Spot[]): Value {
  const same = SPOTS.filter(({ key }) => key === spot.key);
  const others = random.of([SPOTS, same, spots]);
  const other = others[random.below(others.length)] ?? spot;
  return structuredClone(random.once(3) ? random.of(ODD_VALUES) : valueAt(other));
}

function written(random: Random, options: Options): string {
  switch (random.below(4)) {
    case 0:
      return JSON.stringify(options, null, random.below(3));
    case 1:
      return stringify(options, { collectionStyle: 'flow', aliasDuplicateObjects: false });
    default:
      return stringify(options, { aliasDuplicateObjects: random.once(2), lineWidth: random.mostly(2, 0, 40) });
  }
}
