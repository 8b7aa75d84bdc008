import { type Document, isPair, isScalar, isSeq, type Node, visit } from 'yaml';
import { interpolate, type Sources } from './interpolate.ts';
import type { Finding, Path } from './problem.ts';

/** What became of the values with `${…}`. */
export interface Replaced {
  /** For each value that was replaced, the `${…}` it was made from. */
  readonly origins: ReadonlyMap<Node, readonly string[]>;
  /** The values that could not be replaced; they are now null. */
  readonly failed: ReadonlySet<Node>;
  readonly findings: readonly Finding[];
}

/** Replaces `${…}` in every value of a document, in its place; keys stay as they are. */
export function replaceTexts(document: Document.Parsed, sources: Sources): Replaced {
  const origins = new Map<Node, readonly string[]>();
  const failed = new Set<Node>();
  const findings: Finding[] = [];
  visit(document, {
    Scalar(position, node, ancestors) {
      if (position === 'key' || typeof node.value !== 'string') return;
      const result = interpolate(node.value, sources);
      if (result.kind === 'literal') return;
      if (result.kind === 'replaced') {
        node.value = result.text;
        origins.set(node, result.used);
        return;
      }
      node.value = null;
      failed.add(node);
      const path = pathTo(node, ancestors);
      findings.push(...result.reasons.map((message) => ({ offset: node.range?.[0] ?? 0, path, message })));
    },
  });
  return { origins, failed, findings };
}

function pathTo(node: Node, ancestors: readonly unknown[]): Path {
  return ancestors.flatMap((ancestor, depth): Path => {
    if (isPair(ancestor)) return isScalar(ancestor.key) ? [String(ancestor.key.value)] : [];
    return isSeq(ancestor) ? [ancestor.items.indexOf(ancestors[depth + 1] ?? node)] : [];
  });
}
