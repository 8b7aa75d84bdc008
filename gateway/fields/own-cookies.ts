/**
 * The cookies of the gateway's account pages: the session, and the random number to which forms are bound. Over https
 * their names begin with `__Host-`.
 */
export const SESSION_COOKIE = 'gatehouse_session';
export const FORM_COOKIE = 'gatehouse_form';

const OWN_COOKIE = new RegExp(`^(?:__(?:Host|Secure)-)?(?:${SESSION_COOKIE}|${FORM_COOKIE})(?:\\.sig)?$`, 'i');
const MENTIONS_OWN_COOKIE = new RegExp(`${SESSION_COOKIE}|${FORM_COOKIE}`, 'i');

/**
 * Whether a `Set-Cookie` makes a browser send one of the gateway's own cookies. An upstream could give its visitors the
 * session of another account with it (session fixation). A browser sends a cookie without a name as its value alone, so
 * that `=gatehouse_session=x` comes back as `gatehouse_session=x` (RFC 6265bis section 5.7).
 *
 * @param value of the field `Set-Cookie`
 */
export function setsOwnCookie(value: string): boolean {
  if (!MENTIONS_OWN_COOKIE.test(value)) return false;
  const [pair = ''] = value.split(';', 1);
  const [name = ''] = pair.replace(/^[\s=]+/, '').split('=', 1);
  return OWN_COOKIE.test(name.trim());
}

/**
 * Removes the gateway's own cookies: an upstream that gets them could replay them.
 *
 * @param value of the field `Cookie`
 * @returns the value with the other cookies; empty where there are none
 */
export function withoutOwnCookies(value: string): string {
  if (!value.includes(SESSION_COOKIE) && !value.includes(FORM_COOKIE)) return value;
  return value
    .split(';')
    .filter((pair) => !OWN_COOKIE.test(pair.slice(0, (pair.indexOf('=') + 1 || pair.length + 1) - 1).trim()))
    .join(';')
    .trim();
}
