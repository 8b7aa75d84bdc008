import type { Path } from '../rules/readable.ts';

/** One mistake in a configuration file. It never contains a secret. */
export interface Problem {
  /** The path as the operator gave it. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  /** The option, such as `routes[0].upstream`; empty for a problem of the whole file. */
  readonly key: string;
  /** The problem, and what is allowed. */
  readonly message: string;
}

/** A mistake at an offset, in characters from the start of the text. `Problem` has line and column instead. */
export interface Finding {
  readonly offset: number;
  readonly path: Path;
  readonly message: string;
}

/** One line for a terminal: `FILE:LINE:COL  key.path  message`. */
export function formatProblem({ file, line, column, key, message }: Problem): string {
  return [`${file}:${line}:${column}`, key, message].filter((part) => part !== '').join('  ');
}

/** By position in the file. */
export function byPlace(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column || a.key.localeCompare(b.key);
}

/** `['routes', 0, 'upstream']` becomes `routes[0].upstream`. */
export function keyOf(path: Path): string {
  return path.reduce<string>((key, step) => {
    if (typeof step === 'number') return `${key}[${step}]`;
    if (!/^[\w-]+$/.test(step)) return `${key}[${JSON.stringify(step)}]`;
    return key === '' ? step : `${key}.${step}`;
  }, '');
}
