/** A PostgreSQL database: `postgres://user:password@host:5432/name?sslmode=verify-full&schema=app`. */
export interface PostgresLocation {
  readonly kind: 'postgres';
  /** A host name, an address, or the folder of a Unix socket, which begins with `/`. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** The schema of the gateway's own tables; null: the first schema of the role's search_path. */
  readonly schema: string | null;
  /** null: left out. */
  readonly sslmode: SslMode | null;
}

/** As libpq defines them. `verify-ca` checks only who has signed the certificate, `verify-full` also its name. */
export type SslMode = (typeof SSL_MODES)[number];

const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const;
const PARAMETERS = ['sslmode', 'schema', 'host', 'port'] as const;

/** What libpq takes from the URL, and the gateway from `database.tls`: a path in a URL cannot be checked, nor reloaded. */
const TLS_PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['sslrootcert', 'ca'],
  ['sslcert', 'certificate'],
  ['sslkey', 'key'],
]);

/** The mode of a location. Without `sslmode`, `database.tls` means `verify-full`. */
export function sslModeOf({ sslmode }: Pick<PostgresLocation, 'sslmode'>, hasTls: boolean): SslMode {
  return sslmode ?? (hasTls ? 'verify-full' : 'disable');
}

const FORM = 'must be like postgres://user:password@host:5432/name';
const ENCODE = 'with special characters in user and password percent-encoded, such as %40 for @';
/** Stands for a host that is left out; no host has a name in this domain (RFC 2606). */
const NO_HOST = 'left-out.invalid';

/** @returns the location, or the problem, which does not repeat the text: it may hold a password */
export function parsePostgres(text: string): PostgresLocation | string {
  // The URL class knows no user without a host, which the URL of a Unix socket has.
  const url = URL.parse(text.replace(/^(\w+:\/\/[^/?#]*@)(?=[:/])/, `$1${NO_HOST}`));
  if (/^\w+:\/\/(?:[^/?#@]*@)?[^/?#@]*,/.test(text))
    return `names several hosts; must name one, which leads to the primary; ${FORM}`;
  if (url === null) return `is not a valid URL; ${FORM}, ${ENCODE}`;
  if (url.hash !== '') return `has a "#" part; ${FORM}, ${ENCODE}`;
  const given = parametersOf(url.searchParams);
  if (typeof given === 'string') return given;
  if (url.username === '') return `names no user; ${FORM}`;
  if (!/^\/[^/]+$/.test(url.pathname)) return `names no database after the host; ${FORM}`;
  try {
    const named = url.hostname === NO_HOST ? '' : decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1');
    const socket = given.host ?? '';
    const host = named === '' ? socket : named;
    if (host === '') return `names no host; ${FORM}, or have ?host=/run/postgresql for a Unix socket`;
    if (named !== '' && socket !== '') return 'has a host and the parameter "host"; must have one of them';
    if (socket !== '' && !socket.startsWith('/'))
      return 'has a parameter "host" that is no folder; must be the folder of a Unix socket, such as host=/run/postgresql';
    const port = given.port ?? (url.port === '' ? '5432' : url.port);
    if (!isPort(port)) return `has a port that is no number from 1 to 65535; ${FORM}`;
    const sslmode = given.sslmode === undefined ? null : supportedMode(given.sslmode);
    if (sslmode === undefined) return `has an unsupported sslmode; must be one of ${SSL_MODES.join(', ')}`;
    if (host.startsWith('/') && sslmode !== null && sslmode !== 'disable')
      return 'has an sslmode for a Unix socket, which has no TLS; must be left out there';
    const texts = {
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: decodeURIComponent(url.pathname.slice(1)),
    };
    const schema = given.schema ?? null;
    if (schema?.includes(',')) return 'has a comma in the parameter "schema"; must be the name of one schema';
    if ([...Object.values(texts), schema, host].some((part) => part?.includes('\0')))
      return `has a NUL character, which PostgreSQL allows nowhere; ${FORM}`;
    return { kind: 'postgres', host, port: Number(port), ...texts, schema, sslmode };
  } catch {
    return `has a "%" that is not part of a percent-encoding; ${FORM}, ${ENCODE} or %25 for %`;
  }
}

type Parameters = Partial<Record<(typeof PARAMETERS)[number], string>>;

function parametersOf(search: URLSearchParams): Parameters | string {
  const known: readonly string[] = PARAMETERS;
  const given: Parameters = {};
  for (const [name, value] of search) {
    const option = TLS_PARAMETERS.get(name);
    if (option !== undefined)
      return `has the parameter "${name}"; must be left out: write database.tls.${option}, such as "\${file:/etc/gatehouse/${option}.pem}"`;
    if (!known.includes(name))
      return `has the parameter ${JSON.stringify(name)}, which is not supported; must be one of ${PARAMETERS.join(', ')}`;
    if (name in given) return `has the parameter "${name}" twice; must have it once`;
    if (value === '') return `has an empty parameter "${name}"; must have a value, or be left out`;
    given[name as keyof Parameters] = value;
  }
  return given;
}

function supportedMode(text: string): SslMode | undefined {
  return SSL_MODES.find((mode) => mode === text);
}

function isPort(text: string): boolean {
  return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535;
}
