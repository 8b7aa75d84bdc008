import type { Scope } from '../../test/lab/scope.ts';
import type { Lab } from './lab.ts';
import type { Spread } from './statistics.ts';

/** What is wanted of a value: a bound that is still good, or nothing but to be told. */
export type Aim = { readonly kind: 'at least' | 'at most'; readonly value: number } | { readonly kind: 'report' };

/** One measured quantity; the report says whether the median meets the aim. */
export interface Row {
  /** In words of a reader: `10,000 tokens in rotation ÷ one token`. */
  readonly what: string;
  /** null: it could not be measured, and the note says why. */
  readonly value: Spread | null;
  /** `ms`, `MB`, `requests/s`; `×` for a ratio. */
  readonly unit: string;
  readonly aim: Aim;
  /** What else belongs to it, such as the two rates that a ratio was made of; may be empty. */
  readonly note: string;
}

/** How long to measure. */
export interface Plan {
  readonly rounds: number;
  /** Of each load, without its warm-up. */
  readonly seconds: number;
}

/** Tells whoever runs the benchmark of a step, in a line. */
export type Say = (line: string) => void;

/** A measurement of the gateway beside the comparison with others. */
export interface Figure {
  /** For `--only`: lower case with hyphens. */
  readonly name: string;
  /** Its heading in the report. */
  readonly title: string;
  /** How it is measured, in a sentence or two for the report. */
  readonly method: string;
  /** @throws {OperatorError} With one line, when there is no honest figure; the other figures go on. */
  measure(scope: Scope, lab: Lab, plan: Plan, say: Say): Promise<readonly Row[]>;
}

/** Whether a row's median meets its aim; null where there is no aim or no value. */
export function meets({ value, aim }: Pick<Row, 'value' | 'aim'>): boolean | null {
  if (aim.kind === 'report' || value === null) return null;
  return aim.kind === 'at least' ? value.median >= aim.value : value.median <= aim.value;
}
