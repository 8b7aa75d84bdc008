import { z } from 'zod';
import { type PostgresLocation, parsePostgres } from './postgres-url.ts';
import { refusedUrl } from './refused-url.ts';

/** The database of accounts and tokens. */
export type DatabaseLocation = SqliteLocation | MysqlLocation | PostgresLocation;

export interface SqliteLocation {
  readonly kind: 'sqlite';
  readonly file: string;
}

export interface MysqlLocation {
  readonly kind: 'mysql';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

const MYSQL_FORM = 'must be like mysql://user:password@host:3306/name';
const DATABASE_FORMS =
  'must be sqlite:PATH, mysql://user:password@host:3306/name or postgres://user:password@host:5432/name';
const ENCODE = 'with special characters in user and password percent-encoded, such as %40 for @';

/**
 * Parses `sqlite:PATH`, `mysql://user:password@host:3306/name` or `postgres://user:password@host:5432/name`, and decodes
 * percent-encoding.
 *
 * @returns the location, or the problem, which does not repeat the text: it may hold a password
 */
export function parseDatabaseUrl(text: string): DatabaseLocation | string {
  if (text.startsWith('sqlite:')) return parseSqlite(text);
  const location = /^postgres(ql)?:\/\//.test(text) ? parsePostgres(text) : parseMysql(text);
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

function parseSqlite(text: string): SqliteLocation | string {
  const file = text.slice('sqlite:'.length);
  if (file === '') return 'names no file after sqlite:; must be like sqlite:data/gatehouse.sqlite';
  if (file.startsWith('//')) {
    return 'has // after sqlite:; must be sqlite:data/gatehouse.sqlite or sqlite:/var/lib/gatehouse.sqlite';
  }
  if (file.startsWith(':memory:')) return 'would lose every account at a restart; must name a file: sqlite:PATH';
  if (file.includes('\0')) return 'has a NUL character in its file name; must be like sqlite:data/gatehouse.sqlite';
  return { kind: 'sqlite', file };
}

function parseMysql(text: string): MysqlLocation | string {
  const [scheme = ''] = /^[a-z0-9+]*/i.exec(text) ?? [];
  if (/^(pgsql|postgres(ql)?(\+\w+)?)$/i.test(scheme))
    return `begins with ${scheme}:; write postgres:// for PostgreSQL; ${DATABASE_FORMS}`;
  if (/^(mariadb|mysql2|mysql\+\w+)$/i.test(scheme))
    return `begins with ${scheme}:; write mysql:// for both MariaDB and MySQL; ${DATABASE_FORMS}`;
  if (!text.startsWith('mysql://')) return `is not a supported database; ${DATABASE_FORMS}`;
  const url = URL.parse(text);
  if (url === null) return `is not a valid URL; ${MYSQL_FORM}, ${ENCODE}`;
  if (url.search !== '' || url.hash !== '') return `has a "?" or "#" part; ${MYSQL_FORM}, ${ENCODE}`;
  if (url.hostname === '') return `names no host; ${MYSQL_FORM}`;
  if (url.username === '') return `names no user; ${MYSQL_FORM}`;
  if (!/^\/[^/]+$/.test(url.pathname)) return `names no database after the host; ${MYSQL_FORM}`;
  if (url.port === '0') return `has port 0; ${MYSQL_FORM}`;
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
    return `has a "%" that is not part of a percent-encoding; ${MYSQL_FORM}, ${ENCODE} or %25 for %`;
  }
}
