/** How the paths of clients map to those of one server of a route. */
export interface PathMapping {
  /** The prefix that the route removes, and the one that trusted proxies removed before; both may be empty. */
  readonly prefix: string;
  readonly outerPrefix: string;
  /** The path of the server's URL, which precedes every path; may be empty. */
  readonly basePath: string;
}

/**
 * The client's path for a path that an upstream names.
 *
 * A path that begins with the prefix stays as it is: the upstream has read `X-Forwarded-Prefix`. Where a path begins with
 * both the prefix and the base path, the longer one decides.
 *
 * @param reference a path that begins with a slash, with its query and fragment, as Latin-1
 * @returns null where the mapping changes no path, or clients cannot reach this one through the route
 */
export function outsidePath(reference: string, { prefix, outerPrefix, basePath }: PathMapping): string | null {
  if (prefix === '' && basePath === '') return null;
  const end = reference.search(/[?#]/);
  const path = withoutDotSegments(end === -1 ? reference : reference.slice(0, end));
  const suffix = end === -1 ? '' : reference.slice(end);
  const known = [outerPrefix + prefix, prefix].find((one) => one !== '' && isBelow(path, one));
  if (known !== undefined && known.length > basePath.length) return path + suffix;
  if (!isBelow(path, basePath)) return null;
  const outside = prefix + path.slice(basePath.length);
  // Clients would read what follows as a host.
  return /^\/[/\\]/.test(outside) ? null : (outside || '/') + suffix;
}

/** Resolves a reference as clients do. @param base a path with its query @returns the path, with query and fragment */
export function resolved(reference: string, base: string): string {
  const { pathname, search, hash } = new URL(escaped(reference), `http://localhost${base}`);
  return pathname + search + hash;
}

function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/');
}

/** Resolves dot segments, which would climb out of a prefix put before them. */
function withoutDotSegments(path: string): string {
  return /[/\\](?:\.|%2e)/i.test(path) ? new URL(`http://localhost${escaped(path)}`).pathname : path;
}

/** Percent-encodes octets that were read as Latin-1, as clients do. */
function escaped(text: string): string {
  return text.replace(/[\x80-\xff]/g, (octet) => `%${octet.charCodeAt(0).toString(16).toUpperCase()}`);
}
