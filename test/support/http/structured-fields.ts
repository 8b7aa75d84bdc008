/** An item of a list: a String, with parameters that are Integers. */
export interface ListItem {
  readonly text: string;
  readonly parameters: Readonly<Record<string, number>>;
}

/**
 * Parses a List of Strings whose parameters are Integers, as RFC 9651 section 4.2 prescribes.
 *
 * @throws Error for what it tells parsers to fail on, and for what is no such list
 */
export function readList(value: string): ListItem[] {
  let at = 0;
  const fail = (): never => {
    throw new Error(`no such list, at ${at}: ${value}`);
  };
  const take = (pattern: RegExp): string => {
    const sticky = new RegExp(pattern, 'y');
    sticky.lastIndex = at;
    const [found] = sticky.exec(value) ?? fail();
    at += found.length;
    return found;
  };
  const items: ListItem[] = [];
  take(/ */);
  for (;;) {
    const quoted = take(/"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"/);
    const parameters: Record<string, number> = {};
    while (value[at] === ';') {
      take(/; */);
      const key = take(/[a-z*][a-z0-9_.*-]*/);
      take(/=/);
      parameters[key] = Number(take(/-?\d{1,15}(?![\d.])/));
    }
    items.push({ text: quoted.slice(1, -1).replace(/\\(.)/g, '$1'), parameters });
    take(/[ \t]*/);
    if (at === value.length) return items;
    take(/,[ \t]*/);
    if (at === value.length) fail();
  }
}
