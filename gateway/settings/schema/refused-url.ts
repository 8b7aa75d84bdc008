/**
 * Explains why a URL could not be parsed: often because of a raw delimiter in its user or password.
 *
 * @param url the invalid URL
 * @param otherwise the problem if there is no such character
 * @returns the problem, which does not repeat the text
 */
export function refusedUrl(url: string, otherwise: string): string {
  const [, userAndPassword = ''] = /^[a-z+]+:\/\/(.*)@/.exec(url) ?? [];
  const character = /[/?#@]/.exec(userAndPassword)?.[0];
  if (character === undefined) return otherwise;
  return `has a raw "${character}" in its user or password; must be percent-encoded there, as ${encodeURIComponent(character)}`;
}
