/**
 * Removes credentials from a text for the log, wherever a client has put them: a token instead of its id in a path, the
 * value of an `Authorization` field in a path, a header in an error message.
 *
 * Replaces a token by its id, if it has one, and other credentials by a mark. A password alone cannot be recognised, and
 * stays.
 *
 * @param text a path, a field value, a message, or a line of JSON, which stays valid JSON
 */
export function withoutCredentials(text: string): string {
  if (!isSuspicious(text)) return text;
  return withoutPlainCredentials(text.includes('%') ? text.replace(ESCAPED, escapedWithout) : text);
}

/** A JWT (RFC 7519), or a truncated one that has at least a part of its header. */
const JWT = /eyJ[\w-]{8,}(?:\.[\w-]*)*/g;
/** In the Base64 of text, each group of four starts with `I` to `Z` or `a` to `f`; with `w` to `z` for non-ASCII text. */
const BASE64 = /(?<![\w+=-])[I-Za-fw-z][\w+-]{3}[I-Za-fw-z][\w+/-]{5,}={0,2}/g;
/** The same after a prefix such as `q=`, `Basic+` or `-`, or without its start. */
const BASE64_RUN = /[\w+-]{20,}={0,2}/g;
/** After a scheme, everything that could be a credential counts as one. */
const WITH_SCHEME = /\b([Bb]asic|[Bb]earer)([ +:]+)(?=[\w.~+/-]*[A-Z\d])[\w.~+/-]{12,}=*/g;
/** A token among the protocols of a WebSocket (`fields/web-socket-token.ts`); those with an id are marked before. */
const WEB_SOCKET_TOKEN = /(gatehouse\.bearer\.)(?!\[)[^\s,;"\\/]+/gi;
/** `email:password`, but not `//user@host:port`. */
const PAIR = /(?<=^|(?:^|[^/])\/|[\s":])([^\s/:@"\\]+@[^\s/:@"\\]+):[^\s/"\\]+/g;
const USER_OF_URL = /(\/\/[^\s/:@"\\]*):[^\s/@"\\]+@/g;
/** A path segment with percent-encoding. */
const ESCAPED = /(?<![^\s/"\\])[^\s/"\\]*%[\da-f]{2}[^\s/"\\]*/gi;

/** By character code: whether it may occur in Base64 (the slash excepted), and whether it may start a group of text. */
const IN_BASE64 = 1;
const BEGINS_GROUP = 2;
const CHARACTERS = new Uint8Array(128);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_') {
  CHARACTERS[character.charCodeAt(0)] = /[I-Za-fw-z]/.test(character) ? IN_BASE64 + BEGINS_GROUP : IN_BASE64;
}
/** Characters: the length of `a@b.c:d` in Base64, the shortest possible credentials. */
const SHORTEST = 10;
/** The number of consecutive groups of text at the end of a run, at any offset, that an email and a password need. */
const SUSPICIOUS_GROUPS = 5;

/** Whether the regular expressions must run: a fast check for the path of each request, which is mostly harmless. */
function isSuspicious(text: string): boolean {
  let run = 0;
  // Four counters of one byte each, for the four possible offsets of groups.
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
      if (code === 0x2e && run === 6 && text.slice(i - 6, i).toLowerCase() === 'bearer') return true;
      // Percent-encoding, the separator of email and password, and the space after a scheme.
      if (code === 0x25 || code === 0x40 || code === 0x20 || endsWithText(groups)) return true;
      run = 0;
      groups = 0;
    }
  }
  return endsWithText(groups);
}

/** Whether one of the four counters has reached `SUSPICIOUS_GROUPS`, their maximum. */
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
    .replace(WEB_SOCKET_TOKEN, `$1${MARK}`)
    .replace(BASE64, (found) => (isCredential(found) ? MARK : found))
    .replace(BASE64_RUN, (found) => (endsWithCredential(found) ? MARK : found))
    .replace(WITH_SCHEME, (_, scheme: string, between: string) => `${scheme}${between}${MARK}`)
    .replace(PAIR, (_, email: string) => `${email}:[password]`)
    .replace(USER_OF_URL, (_, user: string) => `${user}:[password]@`);
}

/** Percent-encoding may be nested. Encoded text that contains a credential is removed completely. */
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

/** Whether Base64 decodes to `user:password`, or to a token. */
function isCredential(base64: string): boolean {
  const text = Buffer.from(base64, 'base64').toString('utf8');
  // Text that is cut within a character ends with U+FFFD.
  return /^(?:eyJ|[^\p{Cc}\ufffd:]+:)[^\p{Cc}\ufffd]*\ufffd?$/u.test(text);
}

/** Whether Base64 contains them after a prefix, at any offset. */
function endsWithCredential(run: string): boolean {
  for (let start = 0; start < 4; start++) {
    if (CREDENTIAL_AT_END.test(Buffer.from(run.slice(start), 'base64').toString('utf8'))) return true;
  }
  return false;
}

const CREDENTIAL_AT_END = /(?:eyJ[\w-]{8}|[^\p{Cc}\ufffd:]{3}:[^\p{Cc}\ufffd]{4})[^\p{Cc}\ufffd]*\ufffd?$/u;
