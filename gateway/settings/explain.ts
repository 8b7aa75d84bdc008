import { isMap, isScalar, isSeq, type Node } from 'yaml';
import type { z } from 'zod';
import { unitForgotten } from './formats.ts';
import { VARIABLES } from './schema.ts';

/**
 * What to say of a value that the schema refuses: what it must be, which stands in the schema, and what it is.
 *
 * A value is repeated only where a number, a choice or a fixed form belongs, never one that came from a variable or
 * a file: it may be a secret, if only by mistake.
 *
 * @param origins the `${…}` that the value was made from
 */
export function explain(issue: z.core.$ZodIssue, node: Node | null, origins: readonly string[]): string {
  const { message } = issue;
  if (!message.startsWith('must')) return message;
  if (node === null || (isScalar(node) && node.value === null)) return `is empty; ${message}`;
  if (origins.length > 0) return `${message}; ${origins.join(' and ')} gives something else`;
  const forgotten = isScalar(node) ? unitForgotten(message, node.value) : null;
  return `${message}; ${forgotten ?? `found ${found(issue, node)}`}`;
}

/** The same of a value that the file leaves out: it is required, or its default comes from the environment. */
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
