/** What the comparison of one message has found. */
export interface Finding {
  /** The class of the message, for the counts. */
  readonly kind: string;
  /** What two readers read differently; null: nothing. */
  readonly difference: string | null;
}

/** @returns a text if the two are not equal */
export function unequal(what: string, ours: unknown, theirs: unknown): string | null {
  const [left, right] = [JSON.stringify(ours), JSON.stringify(theirs)];
  return left === right ? null : `${what}: ${left} here, ${right} there`;
}

/** @returns the first of the differences */
export function firstOf(...differences: readonly (string | null)[]): string | null {
  return differences.find((difference) => difference !== null) ?? null;
}
