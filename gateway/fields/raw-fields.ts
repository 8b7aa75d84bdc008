/**
 * The fields of a message as its head has them: names and values in turn, as in `IncomingMessage.rawHeaders`.
 *
 * To be walked by `for (let at = 0; at < fields.length; at += 2)` with `nameAt` and `valueAt`. A callback costs 40 % more
 * on the way of every request, and an iterator five times as much.
 */
export type RawFields = readonly string[];

/** The same of an answer, whose parser may give octets: they are read as Latin-1, which loses none. */
export type RawAnswerFields = readonly (Buffer | string)[];

/** @param at an even index. @returns the name of a field, as it is spelled */
export function nameAt<Text>(fields: readonly Text[], at: number): Text {
  return fields[at] as Text;
}

/** @param at the index of the field's name */
export function valueAt<Text>(fields: readonly Text[], at: number): Text {
  return fields[at + 1] as Text;
}

/** A name or value of an answer as text, one character for each octet. */
export function latin1(read: Buffer | string): string {
  return typeof read === 'string' ? read : read.toString('latin1');
}

/** The fields whose names, in lower case, pass. */
export function keepFields(fields: RawFields, passes: (lowerCase: string) => boolean): string[] {
  const kept: string[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const name = nameAt(fields, at);
    if (passes(name.toLowerCase())) kept.push(name, valueAt(fields, at));
  }
  return kept;
}

/**
 * The fields that no `Connection` option names (RFC 9110 section 7.6.1).
 *
 * @param connectionOptions a comma-separated list
 */
export function withoutNamed(
  fields: string[],
  connectionOptions: string,
  isRemovable: (lowerCase: string) => boolean,
): string[] {
  if (connectionOptions === '' || connectionOptions === 'keep-alive,' || connectionOptions === 'close,') return fields;
  const named = new Set(connectionOptions.split(',').map((option) => option.trim().toLowerCase()));
  for (const option of ['', 'keep-alive', 'close', 'upgrade']) named.delete(option);
  if (named.size === 0) return fields;
  return keepFields(fields, (name) => !named.has(name) || !isRemovable(name));
}

/** The values of all lines of a field. @param name in lower case */
export function valuesOf(fields: RawFields, name: string): string[] {
  return fields.filter((_, i) => i % 2 === 1 && fields[i - 1]?.toLowerCase() === name);
}

/** The value of the last line of a field. @param name in lower case */
export function lastValue(fields: RawFields, name: string): string | undefined {
  for (let at = fields.length - 2; at >= 0; at -= 2) {
    if (nameAt(fields, at).toLowerCase() === name) return valueAt(fields, at);
  }
  return undefined;
}

/** Fields by their names in lower case; a list where there are several lines of one. */
export type FieldsByName = Record<string, string | string[]>;

export function fieldsByName(fields: RawFields): FieldsByName {
  const byName: FieldsByName = Object.create(null);
  for (let at = 0; at < fields.length; at += 2) {
    const name = nameAt(fields, at).toLowerCase();
    const value = valueAt(fields, at);
    const before = byName[name];
    byName[name] = before === undefined ? value : [before].flat().concat(value);
  }
  return byName;
}
