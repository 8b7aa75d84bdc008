/** How a proxy describes the request that it asks about. */
export type Dialect = 'auth-request' | 'forward-auth' | 'ext-authz';

/** A path of the decisions listener. */
export type Door =
  | { readonly dialect: 'auth-request' | 'forward-auth'; readonly route: string | null }
  /** Envoy puts the prefix before the path of its client. */
  | { readonly dialect: 'ext-authz'; readonly target: string };

const EXT_AUTHZ = '/ext-authz';
const WITH_FIELDS = /^\/(auth-request|forward-auth)(?:\/@([^/]*))?$/;

/**
 * Finds the door that a proxy asks at. A query at the doors with fields is ignored: Caddy adds its client's there.
 *
 * @param url the subrequest's own target
 * @returns null for any other path
 */
export function doorOf(url: string): Door | null {
  if (url.startsWith(EXT_AUTHZ)) {
    const target = url.slice(EXT_AUTHZ.length);
    return target === '' || target.startsWith('/') || target.startsWith('?') ? { dialect: 'ext-authz', target } : null;
  }
  const question = url.indexOf('?');
  const [, dialect, route] = WITH_FIELDS.exec(question === -1 ? url : url.slice(0, question)) ?? [];
  if (dialect !== 'auth-request' && dialect !== 'forward-auth') return null;
  return { dialect, route: route ?? null };
}
