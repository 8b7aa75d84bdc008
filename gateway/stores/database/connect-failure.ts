import type { TlsSettings } from '../../settings/schema/settings.ts';
import { isCrowded } from './failure.ts';

/** A connection to the database server that was refused for its TLS, its user or their number. The message says what to set. */
export class ConnectFailure extends Error {
  override readonly name = 'ConnectFailure';
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** Failures of the TLS handshake: patterns of the code and the text of Node, OpenSSL and the drivers, with what to do. */
const HANDSHAKES: readonly (readonly [RegExp, string])[] = [
  [
    /HANDSHAKE_NO_SSL_SUPPORT|server does not support SSL/,
    'turn TLS on at the server, or leave out database.tls and sslmode; nothing was sent, the password neither',
  ],
  [
    /ERR_TLS_CERT_ALTNAME|Hostname\/IP does not match/,
    "use a name of the server's certificate in database.url, or put it into database.tls.serverName",
  ],
  [/alert certificate expired/i, 'the certificate in database.tls.certificate has expired: renew it'],
  [
    /alert (unknown ca|bad certificate|certificate unknown|unsupported certificate|certificate revoked)/i,
    'the server does not accept the certificate in database.tls.certificate',
  ],
  [
    /alert (certificate required|handshake failure)/i,
    'if the server requires a client certificate, set database.tls.certificate and database.tls.key',
  ],
  [/CERT_HAS_EXPIRED|certificate has expired/, "renew the server's certificate"],
  [/CERT_NOT_YET_VALID|not yet valid/, "check the clocks, or renew the server's certificate"],
  [
    /SELF_SIGNED|self-signed|UNABLE_TO|unable to (verify|get)|signature failure/i,
    "put the certificate of the authority that has signed the server's into database.tls.ca",
  ],
  [/HANDSHAKE_SSL_ERROR|EPROTO|ERR_SSL|SSL routines/, 'check database.tls, and the log of the server'],
];

/**
 * Explains why a connection to the database server was refused for its TLS, its user or their number, and what to set.
 *
 * @param tls undefined: the gateway connects without TLS
 * @returns a `ConnectFailure` without cause; any other error unchanged
 */
export function explainedConnect(error: unknown, tls: TlsSettings | undefined): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const advice = isOfServer(error) ? adviceOnRefusal(error, code, tls) : adviceOnHandshake(`${code} ${error.message}`);
  return advice === null ? error : new ConnectFailure(`${plain(error.message)}: ${advice}`, code);
}

/** Whether the server has answered with an error of its own: MySQL's have a state, PostgreSQL's a severity. */
function isOfServer(error: Error): boolean {
  return ('sqlState' in error && error.sqlState !== undefined) || 'severity' in error;
}

function adviceOnRefusal(error: Error, code: string, tls: TlsSettings | undefined): string | null {
  if (isCrowded(error)) return 'each process of the gateway opens up to ten; let the server, or this user, have more';
  if (code === '28P01') return 'correct user and password in database.url';
  // invalid_authorization_specification
  if (code === '28000') return adviceOnHba(error.message);
  if (code === 'ER_SECURE_TRANSPORT_REQUIRED') return 'set database.tls, as {} or with the ca of the server';
  // MariaDB answers so too where it requires TLS (`require_secure_transport`, `REQUIRE SSL`) or a certificate (`REQUIRE X509`).
  if (!code.startsWith('ER_ACCESS_DENIED_')) return null;
  const wrong = 'user or password in database.url is wrong, or the server requires';
  if (tls === undefined) return `${wrong} TLS: set database.tls`;
  return tls.certificate === undefined
    ? `${wrong} a client certificate from this user: set database.tls.certificate and database.tls.key`
    : `${wrong} another client certificate from this user`;
}

/** @param message of a PostgreSQL server whose pg_hba.conf refuses the connection */
function adviceOnHba(message: string): string | null {
  if (/requires a valid client certificate/.test(message)) return 'set database.tls.certificate and database.tls.key';
  if (/no encryption|SSL off/.test(message))
    return 'if the server requires TLS (hostssl), set database.tls; else allow this user and host in pg_hba.conf';
  if (/pg_hba\.conf/.test(message)) return 'allow this user and host in pg_hba.conf of the server';
  return /certificate authentication failed/.test(message)
    ? 'the server takes another user name from the certificate in database.tls.certificate'
    : null;
}

function adviceOnHandshake(text: string): string | null {
  return HANDSHAKES.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}

/** The first line, and of a line of OpenSSL's error queue (`…:error:CODE:LIBRARY:FUNCTION:REASON:FILE…`) the reason. */
function plain(message: string): string {
  const [line = ''] = message.split('\n', 1);
  return /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/.exec(line)?.[1] ?? line.trim();
}
