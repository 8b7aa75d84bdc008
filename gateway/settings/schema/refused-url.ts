/**
 * Explains why a URL could not be parsed, where the reason may be a raw delimiter in its user or password.
 *
 * @param url that was refused
 * @param otherwise the problem where there is no such character
 * @returns what is wrong, without repeating the text
 */
export function refusedUrl(url: string, otherwise: string): string {
  const [, userAndPassword = ''] = /^[a-z+]+:\/\/(.*)@/.exec(url) ?? [];
  const character = /[/?#@]/.exec(userAndPassword)?.[0];
  if (character === undefined) return otherwise;
  return `has a raw "${character}" in its user or password; must be percent-encoded there, as ${encodeURIComponent(character)}`;
}
