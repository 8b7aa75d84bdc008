import { z } from 'zod';
import { refusedUrl } from './refused-url.ts';

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** A Redis server, a Sentinel deployment, or a Cluster. */
export interface RedisLocation {
  /** One server; Sentinels and the name of their primary; or the seed nodes of a Cluster. */
  readonly form: { readonly kind: 'single' | 'cluster' } | { readonly kind: 'sentinel'; readonly name: string };
  /** At least one. */
  readonly nodes: readonly RedisNode[];
  readonly tls: boolean;
  readonly username: string;
  readonly password: string;
  /** The number of the database; a Cluster has only 0. */
  readonly database: number;
}

const FORMS =
  'must be redis://user:password@host:6379/0, redis+sentinel://host:26379,host:26379/NAME/0, ' +
  'redis+cluster://host:6379,host:6379 (rediss… for TLS), or empty for none';

const PORTS = { single: 6379, sentinel: 26379, cluster: 6379 } as const;

/** The parsed Redis URL; null when it is empty. */
export function redisUrl() {
  return z.string({ error: FORMS }).transform((text, context): RedisLocation | null => {
    if (text === '') return null;
    const location = parseRedisUrl(text);
    if (typeof location !== 'string') return location;
    context.addIssue({ code: 'custom', message: location });
    return z.NEVER;
  });
}

/** @returns the location, or the problem, which does not repeat the text: it may hold a password */
export function parseRedisUrl(text: string): RedisLocation | string {
  const location = parse(text);
  return typeof location === 'string' ? refusedUrl(text, location) : location;
}

function parse(text: string): RedisLocation | string {
  const [, tls, kind = 'single', credentials, hosts, path] =
    /^redis(s)?(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^@/?#]*)(?:\/([^?#]*))?$/.exec(text) ?? [];
  if (hosts === undefined) return `is not a Redis URL; ${FORMS}`;
  const form = kind as 'single' | 'sentinel' | 'cluster';
  const nodes = hosts.split(',').map((host) => parseNode(host, PORTS[form]));
  if (nodes.some((node) => node === null)) return `has an invalid host; ${FORMS}`;
  if (form === 'single' && nodes.length > 1)
    return `names several servers, which needs redis+sentinel or redis+cluster; ${FORMS}`;

  const segments = path === undefined || path === '' ? [] : path.split('/');
  const name = form === 'sentinel' ? segments.shift() : undefined;
  if (form === 'sentinel' && !name) return `lacks the name of the primary at the Sentinels; ${FORMS}`;
  const [database = '0', ...more] = segments;
  if (!/^\d{1,4}$/.test(database) || more.length > 0)
    return `has more than the number of a database after the host; ${FORMS}`;
  if (form === 'cluster' && database !== '0') return `names a database, but a Cluster has only 0; ${FORMS}`;

  const [username, password] = splitOnce(credentials ?? '');
  try {
    return {
      form: form === 'sentinel' ? { kind: form, name: decodeURIComponent(name ?? '') } : { kind: form },
      nodes: nodes.filter((node) => node !== null),
      tls: tls !== undefined,
      username: decodeURIComponent(username),
      password: decodeURIComponent(password),
      database: Number(database),
    };
  } catch {
    return `has a "%" that is not part of a percent-encoding; write %25 for %; ${FORMS}`;
  }
}

function parseNode(text: string, port: number): RedisNode | null {
  const url = URL.parse(`http://${text}`);
  if (text === '' || url === null || url.hostname === '' || url.port === '0') return null;
  // URL drops port 80, the default of http.
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: text.endsWith(':80') ? 80 : Number(url.port || port) };
}

function splitOnce(credentials: string): [string, string] {
  const colon = credentials.indexOf(':');
  return colon === -1 ? [credentials, ''] : [credentials.slice(0, colon), credentials.slice(colon + 1)];
}
