const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const PAIRS = [...LETTERS].flatMap((first) => [...LETTERS].map((second) => `${first}${second}`));

/**
 * All pairs of ASCII letters, in lower case and in each other spelling. Only where all four texts are equal does a collation
 * ignore the case of ASCII letters: to Turkish ones `I` is no `i`, and to Danish ones `aa` is one letter, but `aA` is two.
 */
export const ASCII_PAIRS: { readonly lower: string; readonly others: readonly string[] } = {
  lower: PAIRS.join(' '),
  others: [
    PAIRS.map((pair) => pair.toUpperCase()),
    PAIRS.map(([first = '', second = '']) => `${first.toUpperCase()}${second}`),
    PAIRS.map(([first = '', second = '']) => `${first}${second.toUpperCase()}`),
  ].map((pairs) => pairs.join(' ')),
};

/** Letters beyond ASCII in both cases: Latin, Greek and Cyrillic. */
export const UNICODE_SAMPLE = { lower: 'àéöşžωбя', upper: 'ÀÉÖŞŽΩБЯ' } as const;
