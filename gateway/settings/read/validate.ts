import { type Document, isScalar } from 'yaml';
import type { z } from 'zod';
import { conflictsIn } from '../rules/conflicts.ts';
import { readable } from '../rules/readable.ts';
import { type Settings, settingsSchema } from '../schema/settings.ts';
import { explain, explainMissing, knownKeys, unknownKey } from './explain.ts';
import type { Replaced, Sources } from './interpolate.ts';
import { unreadableFiles, withFullPaths } from './named-files.ts';
import { offsetOfKey, placeOf } from './place.ts';
import type { Finding } from './problem.ts';

export type Validated<Part = Settings> =
  | { readonly kind: 'valid'; readonly settings: Part }
  | { readonly kind: 'invalid'; readonly findings: readonly Finding[] };

export type OpsSettings = Settings['ops'];

/**
 * Applies the schema and the rules between options to the values of a document.
 *
 * @param data the values of the document, after replacement
 * @param sources the environment for defaults from variables, and the base folder for files that options name
 */
export function validate(
  data: unknown,
  document: Document.Parsed,
  replaced: Replaced,
  { env, folder }: Sources,
): Validated {
  const schema = schemaIn(env);
  const withRules = schema.superRefine(
    (value, context) => {
      const refused = context.issues.filter(({ code }) => code !== 'unrecognized_keys');
      const settings = readable(
        value,
        refused.map(({ path = [] }) => asPath(path)),
      );
      for (const { path, message } of [...conflictsIn(settings), ...unreadableFiles(settings, folder)]) {
        context.addIssue({ code: 'custom', path: [...path], message });
      }
    },
    // The rules apply to the valid part, so that all problems are reported at once.
    { when: () => true },
  );
  const parsed = withRules.safeParse(data);
  if (parsed.success) return { kind: 'valid', settings: withFullPaths(parsed.data, folder) };
  return { kind: 'invalid', findings: findingsOf(parsed.error, schema, document, replaced, env) };
}

/** Applies the schema of `ops` alone, without the rules between options. */
export function validateOps(
  data: unknown,
  document: Document.Parsed,
  replaced: Replaced,
  env: NodeJS.ProcessEnv,
): Validated<OpsSettings> {
  const schema = schemaIn(env).pick({ ops: true }).strip();
  const parsed = schema.safeParse(data);
  if (parsed.success) return { kind: 'valid', settings: parsed.data.ops };
  return { kind: 'invalid', findings: findingsOf(parsed.error, schema, document, replaced, env) };
}

function schemaIn(env: NodeJS.ProcessEnv) {
  return settingsSchema((name, fallback) => env[name] || fallback);
}

function findingsOf(
  { issues }: z.core.$ZodError,
  schema: z.ZodType,
  document: Document.Parsed,
  replaced: Replaced,
  env: NodeJS.ProcessEnv,
): Finding[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return unknownKeys(issue, document, knownKeys(schema, asPath(issue.path)));
    const { offset, path, node } = placeOf(document, asPath(issue.path));
    if (node === 'missing') return [{ offset, path, message: explainMissing(issue, env) }];
    if (node !== null && replaced.failed.has(node)) return [];
    const origins = node === null ? [] : (replaced.origins.get(node) ?? []);
    return [{ offset, path, message: withoutReplaced(explain(issue, node, origins), replaced) }];
  });
}

/** Characters: a shorter value is a port, a flag or a name, and no secret. */
const SHORTEST_SECRET = 6;

/** Rules between options quote values. One that came from a variable or a file may be a misplaced secret: its origin is shown instead. */
function withoutReplaced(message: string, { origins }: Replaced): string {
  const secrets = [...origins].flatMap(([node, references]) =>
    isScalar(node) && typeof node.value === 'string' && node.value.length >= SHORTEST_SECRET
      ? [{ value: node.value, name: references.join(' and ') }]
      : [],
  );
  // A value may begin as a shorter one: to replace that one first would leave the rest of the longer one.
  secrets.sort((a, b) => b.value.length - a.value.length);
  return secrets.reduce(
    (shown, { value, name }) => shown.replaceAll(JSON.stringify(value), () => name).replaceAll(value, () => name),
    message,
  );
}

function unknownKeys(
  issue: z.core.$ZodIssueUnrecognizedKeys,
  document: Document.Parsed,
  known: readonly string[],
): Finding[] {
  return issue.keys.map((key) => {
    const path = [...placeOf(document, asPath(issue.path)).path, key];
    return { offset: offsetOfKey(document, path), path, message: unknownKey(key, known) };
  });
}

function asPath(path: readonly PropertyKey[]): (string | number)[] {
  return path.map((step) => (typeof step === 'number' ? step : String(step)));
}
