import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import type { Path } from '../rules/readable.ts';

/** Where a value of a YAML document is. */
export interface Place {
  /** In characters from the start of the text. If the value is missing, the offset of the nearest map or list. */
  readonly offset: number;
  /** The path that was searched for; shorter when a single value or map is written instead of a list. */
  readonly path: Path;
  /** The value, or `missing` when its map or list lacks it. */
  readonly node: Node | null | 'missing';
}

/** Finds a value, through aliases and merge keys. */
export function placeOf(document: Document.Parsed, path: Path): Place {
  let node: unknown = document.contents;
  let offset = offsetOf(node) ?? 0;
  for (const [depth, step] of path.entries()) {
    const holder = resolve(document, node);
    offset = offsetOf(holder) ?? offset;
    if (isMap(holder)) {
      // A map in place of a list of maps.
      if (typeof step === 'number') return placeOf(document, path.toSpliced(depth, 1));
      const pair = pairIn(document, holder, step);
      if (pair === undefined) return { offset, path, node: 'missing' };
      node = pair.value;
      offset = offsetOf(node) ?? offsetOf(pair.key) ?? offset;
    } else if (isSeq(holder)) {
      node = holder.items[Number(step)];
      if (node === undefined) return { offset, path, node: 'missing' };
    } else {
      return { offset, path: path.slice(0, depth), node: holder };
    }
  }
  const found = resolve(document, node);
  return { offset: offsetOf(found) ?? offset, path, node: found };
}

/** @returns the offset of the key of an existing value */
export function offsetOfKey(document: Document.Parsed, path: Path): number {
  const holder = placeOf(document, path.slice(0, -1));
  const key = path.at(-1);
  if (!isMap(holder.node) || key === undefined) return holder.offset;
  return offsetOf(pairIn(document, holder.node, key)?.key) ?? holder.offset;
}

function pairIn(document: Document.Parsed, map: YAMLMap, key: string | number): Pair | undefined {
  const named = (name: unknown) => map.items.filter((pair) => isScalar(pair.key) && pair.key.value === name);
  // The last of duplicate keys counts, as in the parsed data.
  const own = named(key).at(-1);
  if (own !== undefined) return own;
  for (const { value } of named('<<')) {
    const source = resolve(document, value);
    for (const item of isSeq(source) ? source.items : [source]) {
      const merged = resolve(document, item);
      const pair = isMap(merged) ? pairIn(document, merged, key) : undefined;
      if (pair !== undefined) return pair;
    }
  }
  return undefined;
}

function resolve(document: Document.Parsed, node: unknown): Node | null {
  if (isAlias(node)) return node.resolve(document) ?? null;
  return isMap(node) || isSeq(node) || isScalar(node) ? node : null;
}

function offsetOf(node: unknown): number | undefined {
  return isAlias(node) || isMap(node) || isSeq(node) || isScalar(node) ? node.range?.[0] : undefined;
}
