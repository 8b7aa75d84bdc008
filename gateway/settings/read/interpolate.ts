import { resolve } from 'node:path';
import { type Document, isPair, isScalar, isSeq, type Node, visit } from 'yaml';
import type { Path } from '../rules/readable.ts';
import { readRegularFile } from './files.ts';
import type { Finding } from './problem.ts';

/** The sources of values for `${…}`. */
export interface Sources {
  readonly env: NodeJS.ProcessEnv;
  /** The base of relative paths in `${file:…}`: the folder of the configuration file. */
  readonly folder: string;
}

/** The text with every `${…}` replaced, or each reason why that failed; `used` lists the references. */
export type Interpolated =
  | { readonly kind: 'literal' }
  | { readonly kind: 'replaced'; readonly text: string; readonly used: readonly string[] }
  | { readonly kind: 'failed'; readonly reasons: readonly string[] };

const REFERENCE =
  /(?<escaped>\$\$\{)|\$\{(?:(?<variable>[A-Za-z_]\w*)(?::-(?<fallback>[^{}]*))?|file:(?<path>[^{}]+))\}|\$\{/g;
const FORMS = `write \${NAME}, \${NAME:-default} or \${file:/path}, and $\${ for a plain \${`;
const SECRET_LIMIT = 64 * 1024;

/**
 * Replaces `${NAME}` and `${NAME:-default}` by environment variables (the default also stands in for an empty one,
 * as in a shell), `${file:/path}` by the content of a file without its last line end, and `$${` by `${`.
 * Inserted values are not interpolated again.
 */
export function interpolate(text: string, { env, folder }: Sources): Interpolated {
  if (!text.includes('${')) return { kind: 'literal' };
  const reasons: string[] = [];
  const used: string[] = [];
  const replaced = text.replace(REFERENCE, (...match) => {
    const groups: Record<string, string | undefined> = match.at(-1);
    const { escaped, variable, fallback, path } = groups;
    if (escaped !== undefined) return '${';
    if (variable !== undefined) {
      used.push(`\${${variable}}`);
      const value = env[variable];
      if (value !== undefined && (value !== '' || fallback === undefined)) return value;
      if (fallback === undefined) {
        reasons.push(`environment variable ${variable} is not set; set it, or write \${${variable}:-default}`);
      }
      return fallback ?? '';
    }
    if (path === undefined) {
      reasons.push(`"\${" is not followed by a name or by file:PATH; ${FORMS}`);
      return '';
    }
    used.push(`\${file:${path}}`);
    const name = resolve(folder, path);
    const file = readRegularFile(name, SECRET_LIMIT);
    if (file.kind === 'text') return file.text.replace(/\r?\n$/, '');
    reasons.push(`\${file:${path}} cannot be read: ${name}: ${file.reason}`);
    return '';
  });
  return reasons.length > 0 ? { kind: 'failed', reasons } : { kind: 'replaced', text: replaced, used };
}

/** The full paths of the files in the `${file:…}` of a text, readable or not. */
export function filesNamedIn(text: string, folder: string): string[] {
  const paths = [...text.matchAll(REFERENCE)].flatMap(({ groups }) => groups?.path ?? []);
  return [...new Set(paths.map((path) => resolve(folder, path)))];
}

/** The result of replacing `${…}` in a document. */
export interface Replaced {
  /** The `${…}` of each replaced value. */
  readonly origins: ReadonlyMap<Node, readonly string[]>;
  /** The values that could not be replaced; they are now null. */
  readonly failed: ReadonlySet<Node>;
  readonly findings: readonly Finding[];
}

/** Replaces `${…}` in every value of a document, in place. Keys are not changed. */
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
