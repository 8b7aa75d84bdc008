/**
 * Takes credentials out of a text that is about to be logged, wherever in it a client has put them: a token in place of
 * its id, the value of an `Authorization` field in a path, a header that an error names.
 *
 * A token is replaced by its id where it has one, everything else by a mark. What cannot be told from any other text, such
 * as a password by itself, stays.
 *
 * @param text of a path, a field or a message; also a line of JSON, which stays one
 */
export function withoutCredentials(text: string): string {
  if (!isSuspicious(text)) return text;
  return withoutPlainCredentials(text.includes('%') ? text.replace(ESCAPED, escapedWithout) : text);
}

/** A JWT (RFC 7519), or any beginning of one: a header and what is behind it. */
const JWT = /eyJ[\w-]{8,}(?:\.[\w-]*)*/g;
/** Text in Base64 has at the start of each group of four one of `I` to `Z` and `a` to `f`; of `w` to `z` beyond ASCII. */
const BASE64 = /(?<![\w+=-])[I-Za-fw-z][\w+-]{3}[I-Za-fw-z][\w+/-]{5,}={0,2}/g;
/** The same with something before it: `q=`, `Basic+`, `-`, or a piece of it missing. */
const BASE64_RUN = /[\w+-]{20,}={0,2}/g;
/** With its scheme before it, anything that could be a credential is one. */
const WITH_SCHEME = /\b([Bb]asic|[Bb]earer)([ +:]+)(?=[\w.~+/-]*[A-Z\d])[\w.~+/-]{12,}=*/g;
/** `email:password`, but not `//user@host:port`. */
const PAIR = /(?<=^|(?:^|[^/])\/|[\s":])([^\s/:@"\\]+@[^\s/:@"\\]+):[^\s/"\\]+/g;
const USER_OF_URL = /(\/\/[^\s/:@"\\]*):[^\s/@"\\]+@/g;
/** Between two slashes: text with escapes. */
const ESCAPED = /(?<![^\s/"\\])[^\s/"\\]*%[\da-f]{2}[^\s/"\\]*/gi;

/** By the code of a character: whether it may stand in Base64, but for the slash, and whether it may begin a group of text. */
const IN_BASE64 = 1;
const BEGINS_GROUP = 2;
const CHARACTERS = new Uint8Array(128);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_') {
  CHARACTERS[character.charCodeAt(0)] = /[I-Za-fw-z]/.test(character) ? IN_BASE64 + BEGINS_GROUP : IN_BASE64;
}
/** Characters: the length of `a@b.c:d` in Base64, the shortest possible credentials. */
const SHORTEST = 10;
/** Groups of text, one after the other, at the end of a run, wherever in it they begin: those of an email and a password. */
const SUSPICIOUS_GROUPS = 5;

/** Whether it must be looked at more closely: most paths need not, and each request has one. */
function isSuspicious(text: string): boolean {
  let run = 0;
  // Four counters of a byte each, for the four places at which groups may begin.
  let groups = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const kind = CHARACTERS[code] ?? 0;
    if (kind !== 0) {
      run += 1;
      const counter = (i & 3) << 3;
      if ((kind & BEGINS_GROUP) === 0) groups &= ~(0xff << counter);
      else if (((groups >>> counter) & 0xff) < SUSPICIOUS_GROUPS) groups += 1 << counter;
      if (run === SHORTEST && beginsGroup(text, i + 1 - SHORTEST) && beginsGroup(text, i + 5 - SHORTEST)) return true;
    } else {
      // An escape, what stands between email and password, and the space behind a scheme.
      if (code === 0x25 || code === 0x40 || code === 0x20 || endsWithText(groups)) return true;
      run = 0;
      groups = 0;
    }
  }
  return endsWithText(groups);
}

/** Whether one of the four counters is at `SUSPICIOUS_GROUPS`, which is as far as they go. */
function endsWithText(groups: number): boolean {
  return ((groups + 0x03030303) & 0x08080808) !== 0;
}

function beginsGroup(text: string, at: number): boolean {
  return ((CHARACTERS[text.charCodeAt(at)] ?? 0) & BEGINS_GROUP) !== 0;
}

const MARK = '[credential]';

function withoutPlainCredentials(text: string): string {
  return text
    .replace(JWT, tokenMark)
    .replace(BASE64, (found) => (isCredential(found) ? MARK : found))
    .replace(BASE64_RUN, (found) => (endsWithCredential(found) ? MARK : found))
    .replace(WITH_SCHEME, (_, scheme: string, between: string) => `${scheme}${between}${MARK}`)
    .replace(PAIR, (_, email: string) => `${email}:[password]`)
    .replace(USER_OF_URL, (_, user: string) => `${user}:[password]@`);
}

/** Escapes may be nested. Text that hides a credential is left out completely: unescaped it could be anything. */
function escapedWithout(text: string): string {
  const once = unescaped(text);
  const twice = unescaped(once);
  const isClean = withoutPlainCredentials(once) === once && withoutPlainCredentials(twice) === twice;
  return isClean ? text : MARK;
}

function unescaped(text: string): string {
  return text.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function tokenMark(token: string): string {
  const id = idOf(token.split('.')[1] ?? '');
  return id === null ? '[token]' : `[token:${id}]`;
}

function idOf(payload: string): string | null {
  try {
    const { jti } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { jti?: unknown };
    return typeof jti === 'string' && /^[\w-]{1,64}$/.test(jti) ? jti : null;
  } catch {
    return null;
  }
}

/** Whether Base64 hides `user:password`, or a token. */
function isCredential(base64: string): boolean {
  const text = Buffer.from(base64, 'base64').toString('utf8');
  // What is cut in the middle of a character ends with U+FFFD.
  return /^(?:eyJ|[^\p{Cc}\ufffd:]+:)[^\p{Cc}\ufffd]*\ufffd?$/u.test(text);
}

/** Whether Base64 hides them behind something else, wherever in it they begin. */
function endsWithCredential(run: string): boolean {
  for (let start = 0; start < 4; start++) {
    if (CREDENTIAL_AT_END.test(Buffer.from(run.slice(start), 'base64').toString('utf8'))) return true;
  }
  return false;
}

const CREDENTIAL_AT_END = /(?:eyJ[\w-]{8}|[^\p{Cc}\ufffd:]{3}:[^\p{Cc}\ufffd]{4})[^\p{Cc}\ufffd]*\ufffd?$/u;
