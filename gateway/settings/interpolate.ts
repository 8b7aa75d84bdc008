import { resolve } from 'node:path';
import { readRegularFile } from './files.ts';

/** Where `${…}` finds what it stands for. */
export interface Sources {
  readonly env: NodeJS.ProcessEnv;
  /** What a relative path in `${file:…}` starts from: the folder of the configuration file. */
  readonly folder: string;
}

/** A text with every `${…}` replaced, or each reason why that cannot be; `used` lists what stood between the braces. */
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
 * What was put in is not searched again.
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
      reasons.push(`"\${" begins nothing that is known; ${FORMS}`);
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

/** The files that `${file:…}` in a text names, each by its full path, whether they can be read or not. */
export function filesNamedIn(text: string, folder: string): string[] {
  const paths = [...text.matchAll(REFERENCE)].flatMap(({ groups }) => groups?.path ?? []);
  return [...new Set(paths.map((path) => resolve(folder, path)))];
}
