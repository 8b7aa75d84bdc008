/** Patterns of errors of Redis, the network and the client, with the explanation and advice for each. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, 'nothing listens there: start Redis, or correct the host and port in redis.url'],
  [/ENOTFOUND|EAI_AGAIN/, 'the host name does not resolve: correct it in redis.url, or fix DNS'],
  [/EHOSTUNREACH|ENETUNREACH/, 'the host is unreachable: check the network and the host in redis.url'],
  [/WRONGPASS|invalid (username-password|password)/i, 'user or password is wrong: correct redis.url'],
  [
    /NOAUTH|Client sent AUTH/,
    'it requires a password, or another one: put user and password before the host in redis.url',
  ],
  [/NOPERM|no permissions/, 'its user lacks permissions: ACL SETUSER name ~PREFIX* +@all, with redis.keyPrefix'],
  [/ERR_TLS_CERT_ALTNAME|Hostname\/IP does not match/, 'its certificate is for another name: use that in redis.url'],
  [/CERT_HAS_EXPIRED|certificate has expired/, 'its certificate has expired: renew it'],
  [
    /SELF_SIGNED|self-signed|UNABLE_TO|unable to (verify|get)/,
    'its certificate has an unknown issuer: name a file with that CA in NODE_EXTRA_CA_CERTS',
  ],
  [
    /EPROTO|ERR_SSL|wrong version number|SSL routines/,
    'the TLS handshake failed: write rediss:// for TLS, redis:// without',
  ],
  [/LOADING/, 'it is still loading its data: wait'],
  [/READONLY|UNBLOCKED/, 'it is a replica, which rejects writes: redis.url must name the primary, or the Sentinels'],
  [/MASTERDOWN/, 'it is a replica that has lost its primary: fix the replication'],
  [/\bOOM\b/, 'its memory is full: raise its maxmemory, or choose another maxmemory-policy'],
  [/MISCONF/, 'it rejects writes because it cannot save them: check its disk and its log'],
  [/NOREPLICAS/, 'it rejects writes because it has too few replicas: check min-replicas-to-write'],
  [/CLUSTERDOWN/, 'the Cluster is incomplete: check CLUSTER INFO'],
  [/MOVED|CROSSSLOT/, 'it is a node of a Cluster: write redis+cluster:// in redis.url'],
  [/cluster support disabled/, 'it is not a node of a Cluster: write redis:// in redis.url'],
  [/DB index|invalid DB/i, 'it has no database with that number: correct redis.url'],
  [/max number of clients/, 'it has its maximum number of clients: raise its maxclients'],
  [/sentinels are unreachable/i, 'no Sentinel knows the primary: check the hosts and the name in redis.url'],
  [
    /ETIMEDOUT|timed? ?out/i,
    'there is no answer within redis.timeout: it hangs, is overloaded, or is behind a firewall',
  ],
  [
    /ECONNRESET|EPIPE|Connection is closed/i,
    'the connection was refused or reset: check whether Redis runs, redis.url, and its log',
  ],
];

/** Errors of commands without a connection. They do not say why there is none. */
const NO_CONNECTION =
  /(?:Stream|Cluster) isn't (?:writeable|ready)|max retries per request|Connection is closed|None of startup nodes|refresh slots cache/;

/** Whether the error says that there is no connection, but not why. */
export function isWithoutReason(error: Error): boolean {
  return NO_CONNECTION.test(textOf(error));
}

/**
 * Explains in one line why Redis does not work, and what to do.
 *
 * @param error the error of a command
 * @param connection the last error of the connection; null when it is up
 */
export function redisFailure(error: unknown, connection: Error | null): string {
  const text = textOf(error);
  const cause = connection !== null && NO_CONNECTION.test(text) ? textOf(connection) : text;
  const found = REASONS.find(([pattern]) => pattern.test(cause));
  if (found !== undefined) return `${cause}: ${found[1]}`;
  return NO_CONNECTION.test(cause) ? 'there is no connection yet: check whether Redis runs, and redis.url' : cause;
}

/** The first line of the innermost message, with its code. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return firstLine(String(error));
  const inner = innerOf(error);
  if (inner !== null) return textOf(inner);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const message = firstLine(error.message);
  return code === '' || message.includes(code) ? message : `${code} ${message}`.trim();
}

function innerOf(error: Error): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors[0];
  if ('lastNodeError' in error && error.lastNodeError instanceof Error) return error.lastNodeError;
  if (error.cause instanceof Error) return error.cause;
  return null;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.trim() ?? '';
}
