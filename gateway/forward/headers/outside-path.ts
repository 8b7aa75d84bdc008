/** How a route's paths lie to the outside and to one of its servers. */
export interface PathMapping {
  /** What the route takes off the path before it is forwarded, and what trusted proxies have before; both may be empty. */
  readonly prefix: string;
  readonly outerPrefix: string;
  /** What the server's URL puts before the path; may be empty. */
  readonly basePath: string;
}

/**
 * The path that clients know what an upstream names by.
 *
 * A path that has the prefix already stays as it is: the upstream knows of `X-Forwarded-Prefix`. Where a path could be both,
 * the longer of prefix and base path decides.
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
  // Clients would read it as a host.
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

/** With a prefix before it, a dot segment would climb out of it; to the upstream, it ends at the root. */
function withoutDotSegments(path: string): string {
  return /[/\\](?:\.|%2e)/i.test(path) ? new URL(`http://localhost${escaped(path)}`).pathname : path;
}

/** Octets that have been read as Latin-1, as clients send them on. */
function escaped(text: string): string {
  return text.replace(/[\x80-\xff]/g, (octet) => `%${octet.charCodeAt(0).toString(16).toUpperCase()}`);
}
