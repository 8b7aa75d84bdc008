/** Patterns of the errors of Redis, of the network and of the client, with the advice for each. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, 'nothing listens there: start Redis, or correct the host and port in redis.url'],
  [/ENOTFOUND|EAI_AGAIN/, 'the name of the host is unknown: correct it in redis.url, or mend the name server'],
  [/EHOSTUNREACH|ENETUNREACH/, 'there is no way to that host: look at the network and the host in redis.url'],
  [/WRONGPASS|invalid (username-password|password)/i, 'user or password is wrong: correct redis.url'],
  [
    /NOAUTH|Client sent AUTH/,
    'it asks for a password, or for another: put user and password before the host in redis.url',
  ],
  [/NOPERM|no permissions/, 'its user may not do that: ACL SETUSER name ~PREFIX* +@all, with redis.keyPrefix'],
  [/ERR_TLS_CERT_ALTNAME|Hostname\/IP does not match/, 'its certificate is for another name: use that in redis.url'],
  [/CERT_HAS_EXPIRED|certificate has expired/, 'its certificate has expired: renew it'],
  [
    /SELF_SIGNED|self-signed|UNABLE_TO|unable to (verify|get)/,
    'its certificate is signed by nobody known here: NODE_EXTRA_CA_CERTS names a file of more',
  ],
  [
    /EPROTO|ERR_SSL|wrong version number|SSL routines/,
    'it does not speak TLS as asked for: rediss:// is with TLS, redis:// without',
  ],
  [/LOADING/, 'it still reads its data, and answers afterwards'],
  [
    /READONLY|UNBLOCKED/,
    'it is a replica, which takes no writes: redis.url must lead to the master, or to the Sentinels',
  ],
  [/MASTERDOWN/, 'it is a replica that has lost its master: mend the replication'],
  [/\bOOM\b/, 'its memory is full: raise its maxmemory, or choose another maxmemory-policy'],
  [/MISCONF/, 'it takes no writes, as it cannot save them: look at its disk and its log'],
  [/NOREPLICAS/, 'it takes no writes, as it has too few replicas: look at min-replicas-to-write'],
  [/CLUSTERDOWN/, 'the Cluster is not whole: look at CLUSTER INFO'],
  [/MOVED|CROSSSLOT/, 'it is a node of a Cluster: write redis+cluster:// in redis.url'],
  [/cluster support disabled/, 'it is no node of a Cluster: write redis:// in redis.url'],
  [/DB index|invalid DB/i, 'it has no database of that number: correct redis.url'],
  [/max number of clients/, 'it has as many clients as it takes: raise its maxclients'],
  [/sentinels are unreachable/i, 'no Sentinel knows the master: look at the hosts and the name in redis.url'],
  [
    /ETIMEDOUT|timed? ?out/i,
    'there is no answer within redis.timeout: it hangs, has too much to do, or is behind a firewall',
  ],
  [
    /ECONNRESET|EPIPE|Connection is closed/i,
    'the connection was refused or cut: look whether it runs, at redis.url and at its log',
  ],
];

/** Errors of commands without a connection, which do not give its reason. */
const NO_CONNECTION =
  /(?:Stream|Cluster) isn't (?:writeable|ready)|max retries per request|Connection is closed|None of startup nodes|refresh slots cache/;

/** Whether the error says only that there is no connection, and not why. */
export function isWithoutReason(error: Error): boolean {
  return NO_CONNECTION.test(textOf(error));
}

/**
 * Why Redis cannot be used and what to do about it, in one line.
 *
 * @param error of a command
 * @param connection the last error of the connection; null where it is up
 */
export function redisFailure(error: unknown, connection: Error | null): string {
  const text = textOf(error);
  const cause = connection !== null && NO_CONNECTION.test(text) ? textOf(connection) : text;
  const found = REASONS.find(([pattern]) => pattern.test(cause));
  if (found !== undefined) return `${cause}: ${found[1]}`;
  return NO_CONNECTION.test(cause) ? 'there is no connection yet: look whether Redis runs, and at redis.url' : cause;
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
