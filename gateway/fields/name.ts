/**
 * Folds a field name to its letters and digits: lower case, one `-` for each run of other characters, none at either
 * end, and no leading `HTTP_`, the prefix that CGI puts before request fields.
 *
 * Servers turn names into variables, each in its own way. CGI and WSGI servers (PHP, uWSGI, gunicorn, Rack) replace `-`
 * with `_`, PHP replaces `.` too, lighttpd every character that is neither letter nor digit; some take `CONTENT_LENGTH`
 * for the length of the body, whichever spelling it came from. Two names that fold alike can become one variable there.
 */
export function foldedName(name: string): string {
  const folded = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return folded.replace(/^(?:http-)+(?=.)/, '');
}

/**
 * Copies a text that is kept for longer than its request. A part of a text keeps all of it in memory (V8's sliced strings):
 * for a field of a head, the credentials beside it.
 */
export function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** Names per generation of the cache: clients use few names, and repeat them in nearly every request. */
const MOST_KNOWN = 1_000;
/** Longer names are not cached, since clients can make them as long as they like. */
const LONGEST_KNOWN = 64;

/**
 * Caches a value by name, in bounded memory: a full map becomes the old generation, and names still in use move from there
 * to the new one. So invented names cannot evict common ones for good.
 */
export function rememberByName<Derived>(derive: (name: string) => Derived): (name: string) => Derived {
  let recent = new Map<string, Derived>();
  let old = new Map<string, Derived>();
  const look = (sent: string): Derived => {
    if (sent.length > LONGEST_KNOWN) return derive(sent);
    const name = copyOf(sent);
    const derived = old.get(name) ?? derive(name);
    if (recent.size >= MOST_KNOWN) {
      old = recent;
      recent = new Map();
    }
    recent.set(name, derived);
    return derived;
  };
  return (name) => recent.get(name) ?? look(name);
}
