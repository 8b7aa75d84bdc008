import type { HashRules } from '../../identify/passwords/hashes/hash-rules.ts';
import { recognise } from '../../identify/passwords/hashes/recognise.ts';
import type { Caveat, VerifiableHash } from '../../identify/passwords/hashes/stored-hash.ts';

/** Hashes of one format with equal parameters. */
export interface HashForm {
  readonly format: string;
  readonly parameters: string;
  /** The programs that write such hashes, where the name of the format does not tell; else null. */
  readonly looksLike: string | null;
  readonly count: number;
}

/** A form with a hash of no known password that takes as long to verify. */
export interface CountedForm extends HashForm {
  readonly decoy: string;
  readonly caveat: Caveat | null;
}

/** Forms that are counted apart. */
const MOST_FORMS = 100;
const OTHERS = 'other parameters';

export interface FormCounts {
  add(stored: VerifiableHash, text: string): void;
  /** The most frequent first. */
  forms(): readonly CountedForm[];
}

export function formCounts(): FormCounts {
  const counts = new Map<string, CountedForm>();
  return {
    add(stored, text) {
      const { format } = stored;
      const looksLike = writersOf(format, text);
      const own = [format, stored.parameters, looksLike].join('\n');
      const isRoom = counts.has(own) || counts.size < MOST_FORMS;
      const key = isRoom ? own : format;
      const known = counts.get(key);
      const parameters = isRoom ? stored.parameters : OTHERS;
      const form = known ?? {
        format,
        parameters,
        looksLike: isRoom ? looksLike : null,
        decoy: stored.decoy(),
        caveat: stored.caveat,
      };
      counts.set(key, { ...form, count: (known?.count ?? 0) + 1 });
    },
    forms: () => [...counts.values()].sort((a, b) => b.count - a.count),
  };
}

/** By the prefix of bcrypt, which libraries choose differently. */
const BCRYPT_WRITERS: ReadonlyMap<string, string> = new Map([
  ['$2y$', 'PHP: Laravel, Symfony, WordPress plugins'],
  ['$2a$', 'Ruby: Rails, Devise; Java: Spring; Go'],
  ['$2b$', 'Node: bcrypt, bcryptjs; Python: bcrypt; Elixir'],
]);

function writersOf(format: string, text: string): string | null {
  if (/^bcrypt\b/.test(format)) return BCRYPT_WRITERS.get(text.slice(0, 4)) ?? null;
  if (/^argon2/.test(format)) return 'PHP, Node, argon2-cffi, Elixir';
  return null;
}

/** Forms that are measured, of the most frequent. */
const MOST_MEASURED = 10;
const ATTEMPTS = 3;
/** Milliseconds after which no further attempt begins. */
const BUDGET = 1_500;

/**
 * Measures on this machine how long a first login takes with a hash of each form.
 *
 * @returns milliseconds, the fastest of up to three checks, in the order of the forms; null: not measured
 */
export async function loginTimes(forms: readonly CountedForm[], rules: HashRules): Promise<(number | null)[]> {
  const times: (number | null)[] = [];
  for (const [index, { decoy }] of forms.entries()) {
    times.push(index < MOST_MEASURED ? await timeOf(decoy, rules) : null);
  }
  return times;
}

async function timeOf(decoy: string, rules: HashRules): Promise<number | null> {
  const stored = recognise(decoy, rules);
  if (!stored?.verifiable) return null;
  const begun = performance.now();
  let fastest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS && performance.now() - begun < BUDGET; attempt++) {
    const start = performance.now();
    await stored.verify('a password of nobody');
    fastest = Math.min(fastest, performance.now() - start);
  }
  return Math.round(fastest * 10) / 10;
}
