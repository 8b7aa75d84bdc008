/**
 * What a field's name becomes for whoever sees letters and digits alone: lower case, one `-` for each run of other
 * characters, none at either end, and no `HTTP_` before it, which is how CGI marks what came from a request.
 *
 * Programs turn names into variables, each in its own way. CGI and WSGI servers (PHP, uWSGI, gunicorn, Rack) make `_` of
 * `-`, PHP of `.` too, lighttpd of every character that is no letter or digit; some read `CONTENT_LENGTH` as the length
 * of the body, whichever spelling it came from. Two names that become one here can become one there.
 */
export function foldedName(name: string): string {
  const folded = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return folded.replace(/^(?:http-)+(?=.)/, '');
}

/** Names in one cache: clients use few, and each is in nearly every request. */
const MOST_KNOWN = 1_000;
/** A longer name is looked at each time: a client can make it as long as it likes. */
const LONGEST_KNOWN = 64;

/**
 * Remembers what is derived from a name. Bounded: when one map is full, it becomes the old one, and a name that is still
 * in use moves on from there. So names that somebody invents push out nothing for good.
 */
export function rememberByName<Derived>(derive: (name: string) => Derived): (name: string) => Derived {
  let recent = new Map<string, Derived>();
  let old = new Map<string, Derived>();
  const look = (name: string): Derived => {
    const derived = old.get(name) ?? derive(name);
    if (name.length > LONGEST_KNOWN) return derived;
    if (recent.size >= MOST_KNOWN) {
      old = recent;
      recent = new Map();
    }
    recent.set(name, derived);
    return derived;
  };
  return (name) => recent.get(name) ?? look(name);
}
