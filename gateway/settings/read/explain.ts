import { isMap, isScalar, isSeq, type Node } from 'yaml';
import { z } from 'zod';
import { suggestion } from '../rules/nearest.ts';
import type { Path } from '../rules/readable.ts';
import { unitForgotten } from '../schema/formats.ts';
import { VARIABLES } from '../schema/settings.ts';

/**
 * The message for a value that the schema refuses: what it must be, from the schema, and what was found.
 *
 * Repeats the value only if a number, a choice or a fixed format is expected, and never if it came from a variable or a
 * file: it may be a misplaced secret.
 *
 * @param origins the `${…}` references in the value
 */
export function explain(issue: z.core.$ZodIssue, node: Node | null, origins: readonly string[]): string {
  const { message } = issue;
  if (!message.startsWith('must')) return origins.length === 0 ? message : `(from ${origins.join(' and ')}) ${message}`;
  if (node === null || (isScalar(node) && node.value === null)) return `is empty; ${message}`;
  if (origins.length > 0) return `${message}; ${origins.join(' and ')} has another value`;
  const forgotten = isScalar(node) ? unitForgotten(message, node.value) : null;
  return `${message}; ${forgotten ?? `found ${found(issue, node)}`}`;
}

/** The message for a missing value: it is required, or its default comes from the environment. */
export function explainMissing({ message, path }: z.core.$ZodIssue, env: NodeJS.ProcessEnv): string {
  if (message.startsWith('must')) return `is missing; ${message}`;
  const option = path.slice(0, 2).join('.');
  const variable = Object.entries(VARIABLES).find(([key]) => key === option)?.[1];
  return variable !== undefined && env[variable] ? `(taken from ${variable}) ${message}` : message;
}

function found(issue: z.core.$ZodIssue, node: Node): string {
  if (isMap(node)) return 'a map';
  if (isSeq(node)) return 'a list';
  if (!isScalar(node)) return 'something else';
  if (!isShown(issue)) return typeof node.value === 'string' ? 'text' : `a ${typeof node.value}`;
  const value = JSON.stringify(node.value);
  return value.length <= 80 ? value : `${value.slice(0, 77)}…"`;
}

function isShown(issue: z.core.$ZodIssue): boolean {
  switch (issue.code) {
    case 'invalid_format':
    case 'invalid_value':
    case 'too_big':
    case 'too_small':
      return true;
    case 'invalid_type':
      return ['number', 'int', 'boolean'].includes(issue.expected);
    default:
      return false;
  }
}

/** The keys that a schema allows in the map at a path. */
export function knownKeys(schema: z.core.$ZodType, path: Path): string[] {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodExactOptional) return knownKeys(schema.unwrap(), path);
  if (schema instanceof z.ZodPipe) return knownKeys(schema.out, path);
  const [step, ...rest] = path;
  if (schema instanceof z.ZodRecord) return knownKeys(schema.valueType, rest);
  if (schema instanceof z.ZodArray) return knownKeys(schema.element, rest);
  if (!(schema instanceof z.ZodObject)) return [];
  if (step === undefined) return Object.keys(schema.shape);
  return knownKeys(schema.shape[step], rest);
}

/** The message for an unknown key: suggests the nearest known key, if one is near, else lists all keys. */
export function unknownKey(key: string, known: readonly string[]): string {
  return `unknown key ${JSON.stringify(key)}; ${suggestion(key, known, 'the keys here')}`;
}
