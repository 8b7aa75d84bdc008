/**
 * Characters that would act on a terminal or change how its text reads: control characters (ECMA-48), invisible and
 * bidirectional ones, and the separators of lines. Names in a database, emails and names of tokens are chosen by others.
 */
const ACTING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** One line of text for a terminal. Acting characters are written as in YAML and JSON: `\u001b`. */
export function visibleLine(text: string): string {
  return text.replaceAll(ACTING, escaped);
}

/** As `visibleLine`, for a text of several lines. */
export function visibleText(text: string): string {
  return text.replaceAll(ACTING, (character) => (character === '\n' ? character : escaped(character)));
}

export function hasActing(text: string): boolean {
  return text.search(ACTING) !== -1;
}

function escaped(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
}
