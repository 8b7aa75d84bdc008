/** The name of a scope or a group. A subset of `scope-token` in RFC 6749 section 3.3, without the comma. */
const ACCESS_NAME = /^[A-Za-z0-9._:@/-]{1,64}$/;

export const ACCESS_NAME_FORM = 'letters, digits and "._:@/-", at most 64 of them';

export function isAccessName(text: string): boolean {
  return ACCESS_NAME.test(text);
}
