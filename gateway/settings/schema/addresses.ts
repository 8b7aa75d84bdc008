import { isIP } from 'node:net';
import { z } from 'zod';
import { refusedUrl } from './refused-url.ts';

/** The database of accounts and tokens. */
export type DatabaseLocation =
  | { readonly kind: 'sqlite'; readonly file: string }
  | {
      readonly kind: 'mysql';
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly password: string;
      readonly database: string;
    };

const DATABASE_FORMS = 'must be sqlite:PATH or mysql://user:password@host:3306/name';
const ENCODE = 'with special characters in user and password percent-encoded, such as %40 for @';

/**
 * Parses `sqlite:PATH` or `mysql://user:password@host:3306/name`, and decodes percent-encoding.
 *
 * @returns the location, or the problem, which does not repeat the text: it may hold a password
 */
export function parseDatabaseUrl(text: string): DatabaseLocation | string {
  if (text.startsWith('sqlite:')) return parseSqlite(text);
  const location = parseMysql(text);
  return typeof location === 'string' ? refusedUrl(text, location) : location;
}

export function databaseUrl() {
  return z.string({ error: DATABASE_FORMS }).transform((text, context): DatabaseLocation => {
    const location = parseDatabaseUrl(text);
    if (typeof location !== 'string') return location;
    context.addIssue({ code: 'custom', message: location });
    return z.NEVER;
  });
}

function parseSqlite(text: string): DatabaseLocation | string {
  const file = text.slice('sqlite:'.length);
  if (file === '') return 'names no file after sqlite:; must be like sqlite:data/gatehouse.sqlite';
  if (file.startsWith('//')) {
    return 'has // after sqlite:; must be sqlite:data/gatehouse.sqlite or sqlite:/var/lib/gatehouse.sqlite';
  }
  if (file.startsWith(':memory:')) return 'would lose every account at a restart; must name a file: sqlite:PATH';
  if (file.includes('\0')) return 'has a NUL character in its file name; must be like sqlite:data/gatehouse.sqlite';
  return { kind: 'sqlite', file };
}

function parseMysql(text: string): DatabaseLocation | string {
  const [scheme = ''] = /^[a-z0-9+]*/i.exec(text) ?? [];
  if (/^(postgres|postgresql|pgsql)$/i.test(scheme)) return `is PostgreSQL, which is not supported; ${DATABASE_FORMS}`;
  if (/^(mariadb|mysql2)$/i.test(scheme))
    return `begins with ${scheme}:; write mysql:// for both MariaDB and MySQL; ${DATABASE_FORMS}`;
  if (!text.startsWith('mysql://')) return `is not a supported database; ${DATABASE_FORMS}`;
  const url = URL.parse(text);
  if (url === null) return `is not a valid URL; ${DATABASE_FORMS}, ${ENCODE}`;
  if (url.search !== '' || url.hash !== '') return `has a "?" or "#" part; ${DATABASE_FORMS}, ${ENCODE}`;
  if (url.hostname === '') return `names no host; ${DATABASE_FORMS}`;
  if (url.username === '') return `names no user; ${DATABASE_FORMS}`;
  if (!/^\/[^/]+$/.test(url.pathname)) return `names no database after the host; ${DATABASE_FORMS}`;
  if (url.port === '0') return `has port 0; ${DATABASE_FORMS}`;
  try {
    return {
      kind: 'mysql',
      host: decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? 3306 : Number(url.port),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: decodeURIComponent(url.pathname.slice(1)),
    };
  } catch {
    return `has a "%" that is not part of a percent-encoding; ${DATABASE_FORMS}, ${ENCODE} or %25 for %`;
  }
}

export const SERVER_FORM = 'must be an http:// or https:// URL such as http://127.0.0.1:9000, or unix:/path/of/socket';
export const UPSTREAM_FORM =
  'must be an http:// or https:// URL such as http://127.0.0.1:9000, or a list of them, or the name of a group in upstreams';

/** The name of a group of upstreams. */
export const GROUP_NAME = /^[a-z0-9][a-z0-9_-]*$/;

/** @returns the problem of the `upstream` of a route, or null */
export function upstreamProblem(text: string): string | null {
  return GROUP_NAME.test(text) ? null : addressProblem(text, UPSTREAM_FORM);
}

/** @returns the problem of the address of a server, or null */
export function serverProblem(text: string): string | null {
  return addressProblem(text, SERVER_FORM);
}

function addressProblem(text: string, form: string): string | null {
  if (text.startsWith('unix:')) return /^unix:\/[^\0]*[^\0/]$/.test(text) ? null : `names no socket; ${form}`;
  if (!/^https?:\/\//.test(text)) return `does not begin with http:// or https://; ${form}`;
  if (/[\s\\]/.test(text) || !URL.canParse(text)) return `is not a valid URL; ${form}`;
  if (/[?#]/.test(text)) return `has a "?" or "#" part, which the request's own would replace; ${form}`;
  const { username, password, port } = new URL(text);
  if (username !== '' || password !== '') return `has a user or password, which upstreams would not get; ${form}`;
  if (port === '0') return `has port 0; ${form}`;
  return null;
}

/** A status of an answer, or a range of them. */
export function isStatusRange(text: string): boolean {
  const [from, to] = statusRange(text);
  return /^[1-5]\d\d(?:-[1-5]\d\d)?$/.test(text) && from <= to;
}

/** @returns the first status and the last one, of text that `isStatusRange` */
export function statusRange(text: string): [from: number, to: number] {
  const [from, to = from] = text.split('-').map(Number);
  return [from ?? Number.NaN, to ?? Number.NaN];
}

/** An IP address, or a host name without port. */
export function isHost(text: string): boolean {
  return isIP(text) !== 0 || (/^(?=.*[a-z])[a-z0-9.-]+$/i.test(text) && URL.canParse(`http://${text}`));
}

/** An IP address or a CIDR. */
export function isNetwork(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/');
  const family = address.includes('%') ? 0 : isIP(address);
  const isLength = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (family === 6 ? 128 : 32));
  return family !== 0 && isLength && rest.length === 0;
}
