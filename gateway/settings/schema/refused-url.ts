/**
 * Explains why a URL could not be taken apart, where that may be a character in its user or password that ends them there.
 *
 * @param url that was refused
 * @param otherwise what is wrong where it is not that
 * @returns what is wrong, without repeating the text
 */
export function refusedUrl(url: string, otherwise: string): string {
  const [, userAndPassword = ''] = /^[a-z+]+:\/\/(.*)@/.exec(url) ?? [];
  const character = /[/?#@]/.exec(userAndPassword)?.[0];
  if (character === undefined) return otherwise;
  return `has a raw "${character}" in its user or password; must be percent-encoded there, as ${encodeURIComponent(character)}`;
}
