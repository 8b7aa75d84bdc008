/** Fields by their names in lower case; a list where there are several lines of one. */
export type FieldsByName = Record<string, string | string[]>;

/** @param flat names and values in turn, as `requestHeaders` has them */
export function fieldsByName(flat: readonly string[]): FieldsByName {
  const fields: FieldsByName = Object.create(null);
  for (let i = 0; i < flat.length; i += 2) {
    const name = (flat[i] as string).toLowerCase();
    const value = flat[i + 1] as string;
    const before = fields[name];
    fields[name] = before === undefined ? value : [before].flat().concat(value);
  }
  return fields;
}

/**
 * The value of the last line of a field.
 *
 * @param flat names and values in turn
 * @param name in lower case
 */
export function lastValue(flat: readonly string[], name: string): string | undefined {
  for (let i = flat.length - 2; i >= 0; i -= 2) {
    if ((flat[i] as string).toLowerCase() === name) return flat[i + 1];
  }
  return undefined;
}
