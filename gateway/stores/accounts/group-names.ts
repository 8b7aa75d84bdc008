import { isAccessName } from '../../domain/access-name.ts';

/** The names of groups in a database, in its order and without duplicates. */
export interface GroupNames {
  readonly valid: readonly string[];
  /** The names that no configuration can contain, which the gateway therefore ignores. */
  readonly passedOver: readonly string[];
}

/** Tells names that a configuration can contain from others. */
export function checked(names: Iterable<string>): GroupNames {
  const valid = new Set<string>();
  const passedOver = new Set<string>();
  for (const name of names) (isAccessName(name) ? valid : passedOver).add(name);
  return { valid: [...valid], passedOver: [...passedOver] };
}

/**
 * The names in a column of an account: separated by commas or white space, or a JSON list of texts. What looks like a list
 * and is none is passed over as a whole.
 */
export function namesIn(text: string | null): GroupNames {
  // BINARY(n) is padded with NULs.
  const written = (text ?? '').replace(/\0+$/, '').trim();
  if (!written.startsWith('[')) return checked(written.split(/[\s,]+/).filter((name) => name !== ''));
  const list = parsed(written);
  if (!Array.isArray(list)) return { valid: [], passedOver: [written] };
  const { valid, passedOver } = checked(list.filter((name) => typeof name === 'string'));
  const others = list.filter((name) => typeof name !== 'string').map((name) => JSON.stringify(name));
  return { valid, passedOver: [...passedOver, ...others] };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The names of groups in a whole table, with the number of accounts in each. */
export interface GroupCounts {
  readonly valid: ReadonlyMap<string, number>;
  readonly passedOver: ReadonlyMap<string, number>;
}

/** @param texts as they are written, with the number of their rows */
export function countNames(texts: ReadonlyMap<string, number>, read: (text: string) => GroupNames): GroupCounts {
  const [valid, passedOver] = [new Map<string, number>(), new Map<string, number>()];
  const add = (to: Map<string, number>, name: string, count: number) => void to.set(name, (to.get(name) ?? 0) + count);
  for (const [text, count] of texts) {
    const names = read(text);
    for (const name of names.valid) add(valid, name, count);
    for (const name of names.passedOver) add(passedOver, name, count);
  }
  return { valid, passedOver };
}
