import { z } from 'zod';
import { identityOptions, scopeOptions } from './access-options.ts';
import { accountOptions } from './account-options.ts';
import { assertionOptions } from './assertion-options.ts';
import { databaseUrl } from './database-url.ts';
import { decisionOptions } from './decision-options.ts';
import {
  confidential,
  duration,
  flag,
  listOf,
  matching,
  oneOf,
  options,
  PLAIN_PATH,
  pause,
  wait,
  wholeNumber,
} from './formats.ts';
import { hsts } from './header-options.ts';
import { limitOptions } from './limit-options.ts';
import { listenTlsOptions, redirectOptions } from './listen-tls-options.ts';
import { addressOptions, peer } from './listener-options.ts';
import { mailOptions, pageOptions } from './page-options.ts';
import { redisUrl } from './redis-url.ts';
import { route } from './route-options.ts';
import { tlsOptions } from './tls-options.ts';
import { tracingOptions } from './tracing-options.ts';
import { upstreamOptions } from './upstream-options.ts';

export type { RequiresSettings } from './access-options.ts';
export type { AccountGroupsSettings } from './account-options.ts';
export { ACCOUNT_COLUMNS } from './account-options.ts';

const secret = confidential(
  (text) =>
    text === '' || Buffer.byteLength(text) >= 32
      ? null
      : 'is shorter than 32 bytes; must have 32 or more, such as what "openssl rand -base64 32" prints',
  'must be text of 32 bytes or more, in quotes',
);

/** The environment variables that give options their defaults. */
export const VARIABLES = {
  'database.url': 'DATABASE_URL',
  'redis.url': 'REDIS_URL',
  'tokens.secrets': 'TOKEN_SECRET',
  'mail.url': 'MAIL_URL',
  'tracing.url': 'OTEL_EXPORTER_OTLP_ENDPOINT',
} as const;

/**
 * Every option of the gateway with its type, default and description. The output has durations in milliseconds.
 *
 * @param variable the value of an environment variable, or the fallback when it is unset or empty
 */
export function settingsSchema(variable: (name: string, fallback: string) => string) {
  return options({
    listen: options({
      ...addressOptions('listen'),
      fastPath: flag()
        .prefault(true)
        .describe(
          "Serves plain requests without Node's HTTP server and undici, for little more than half of the CPU time. False is for comparing.",
        ),
      proxyProtocol: flag()
        .prefault(false)
        .describe(
          'Whether each connection begins with a PROXY header (version 1 or 2), which names the client. Only trustedProxies may connect then.',
        ),
      hsts: hsts
        .exactOptional()
        .describe('HTTP Strict Transport Security (RFC 6797): a duration, or a map. Left out: the field is not sent.'),
      tls: listenTlsOptions()
        .exactOptional()
        .describe(
          'TLS for clients: a certificate with its key, or a list of them, of which the name that a client asks for (SNI) chooses one. See tls.md. Left out: http.',
        ),
      redirect: redirectOptions()
        .exactOptional()
        .describe('A listener, usually on port 80, that answers 308 to https: its port, or a map. Needs listen.tls.'),
    })
      .prefault({})
      .describe('The public listener.'),
    ops: options({
      ...addressOptions('ops'),
      console: flag()
        .prefault(false)
        .describe('Whether the listener has the console, /console, and answers gatehouse top. See console.md.'),
    })
      .prefault({})
      .describe('The listener for health and metrics. Do not expose it to the public.'),
    decisions: decisionOptions.exactOptional(),
    trustedProxies: listOf(peer, 'must be a list of IP addresses or networks, such as [10.0.0.0/8]')
      .prefault([])
      .describe(
        'Peers whose X-Forwarded-* and Forwarded headers, and PROXY headers, are trusted; unix: those of a Unix socket.',
      ),
    workers: z
      .union([z.literal('auto'), wholeNumber(1, 256, 'a number of processes')], {
        error: 'must be auto, or a number of processes, a whole number from 1 to 256',
      })
      .prefault(1)
      .describe('The number of worker processes; auto: one for each core.'),
    database: options({
      url: databaseUrl()
        .prefault(() => variable(VARIABLES['database.url'], 'sqlite:data/gatehouse.sqlite'))
        .describe(
          'sqlite:PATH, relative to the working directory, mysql://user:password@host:3306/name, or postgres://user:password@host:5432/name, with ?sslmode=verify-full, schema=NAME or host=/run/postgresql.',
        ),
      timeout: wait().prefault('2s').describe('The timeout of a query.'),
      tls: tlsOptions().exactOptional().describe('TLS to the database server; {} for the defaults. Left out: no TLS.'),
    })
      .prefault({})
      .describe('The database of accounts and tokens.'),
    redis: options({
      url: redisUrl()
        .prefault(() => variable(VARIABLES['redis.url'], ''))
        .describe(
          'redis://host:6379, redis+sentinel://host:26379/NAME or redis+cluster://host:6379, with rediss for TLS; empty: none.',
        ),
      keyPrefix: matching(
        /^[A-Za-z0-9:._{}-]+$/,
        'must be letters, digits and ":", ".", "_", "-", "{", "}", such as "gatehouse:"',
      )
        .prefault('gatehouse:')
        .describe("The prefix of all of the gateway's keys."),
      timeout: wait().prefault('500ms').describe('The timeout of a command.'),
    })
      .prefault({})
      .describe(
        'Carries revocations between processes within milliseconds, and holds the denylist for other programs.',
      ),
    api: options({
      prefix: matching(
        /^(?:\/(?!\.{1,2}(?:\/|$))[a-z0-9._~-]+)+$/,
        `must be a path in lower case such as /api/v1: ${PLAIN_PATH}`,
      )
        .prefault('/api/v1')
        .describe('Every path below this prefix requires credentials; no option can change that.'),
      realm: matching(
        /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/,
        'must be printable ASCII without quotes or backslashes, such as api',
      )
        .prefault('api')
        .describe('The realm of the WWW-Authenticate challenge.'),
    })
      .prefault({})
      .describe('The authenticated API.'),
    tokens: options({
      secrets: listOf(secret, `must be a list of texts of 32 bytes or more, such as ["\${TOKEN_SECRET}"]`)
        .transform((secrets) => secrets.filter((text) => text !== ''))
        .prefault(() => [variable(VARIABLES['tokens.secrets'], '')])
        .describe('32 bytes or more each; the first signs, all verify. Empty: generated, with SQLite only.'),
      lifetime: duration('1s', '3650d').prefault('1h').describe('The lifetime of a token if the request names none.'),
      maxLifetime: duration('1s', '3650d').prefault('30d').describe('The longest lifetime that a request may name.'),
      maxPerAccount: wholeNumber(1, 1_000_000, 'a number of tokens')
        .prefault(1_000)
        .describe('The maximum number of live tokens of an account; 409 above it.'),
      maxStaleness: duration('1s', '1h')
        .prefault('2s')
        .describe('How long tokens are accepted while revocations can be read from neither the database nor Redis.'),
    })
      .prefault({})
      .describe('The tokens that the gateway issues.'),
    assertion: assertionOptions()
      .exactOptional()
      .describe('A signed proof of the identity for upstreams, in X-User-Assertion; left out: none. See services.md.'),
    accounts: accountOptions(),
    scopes: scopeOptions(),
    identity: identityOptions(),
    pages: pageOptions(),
    mail: mailOptions(() => variable(VARIABLES['mail.url'], '')),
    timeouts: options({
      connect: wait().prefault('3s').describe('To establish a connection to an upstream.'),
      firstByte: wait().prefault('60s').describe('From the end of a request to the head of its response.'),
      idle: wait().prefault('60s').describe('Between two chunks of a body, from the client or the upstream.'),
      request: wait().exactOptional().describe('For a request and its response in total; no limit when left out.'),
      headers: wait()
        .prefault('10s')
        .describe("For the head of a client's request to arrive, and before that for its TLS handshake."),
    })
      .prefault({})
      .describe('Timeouts of requests.'),
    webSockets: options({
      max: wholeNumber(1, 1_000_000, 'a number of WebSockets')
        .prefault(10_000)
        .describe('The maximum number of open WebSockets in one process; 503 above it.'),
      maxPerClient: wholeNumber(1, 1_000_000, 'a number of WebSockets')
        .prefault(1_000)
        .describe('The same for one account, or for one address on a route with auth: none; 429 above it.'),
      idle: wait()
        .prefault('1h')
        .describe('The time without data in either direction after which it is closed (1001).'),
    })
      .prefault({})
      .describe('Limits of WebSockets.'),
    shutdown: options({
      delay: pause()
        .prefault('0s')
        .describe(
          'How long new requests are accepted after the signal, until load balancers see that it is not ready.',
        ),
      timeout: wait().prefault('10s').describe('The time from the signal to the exit, at most.'),
    })
      .prefault({})
      .describe('Graceful shutdown.'),
    watch: flag()
      .prefault(false)
      .describe(`Whether changes of this file, and of the files in its \${file:…}, are applied at once, as by SIGHUP.`),
    log: options({
      level: oneOf('trace', 'debug', 'info', 'warn', 'error', 'silent')
        .prefault('info')
        .describe('The lowest level that is logged.'),
      format: oneOf('auto', 'json', 'pretty').prefault('auto').describe('auto: pretty on a terminal, JSON elsewhere.'),
    })
      .prefault({})
      .describe('The log, on standard output.'),
    tracing: tracingOptions(() => variable(VARIABLES['tracing.url'], ''))
      .prefault({})
      .describe('Spans of requests for an OpenTelemetry collector.'),
    limits: z
      .record(z.string(), limitOptions(), {
        error: 'must be a map from names to limits, each with requests, per and by',
      })
      .prefault({})
      .describe('Limits of how many requests one sender may send, which routes name.'),
    upstreams: z
      .record(z.string(), upstreamOptions(), { error: 'must be a map from names to groups, each with servers' })
      .prefault({})
      .describe('Groups of servers that routes name.'),
    routes: z
      .array(route, { error: 'must be a list of routes, each with name, path and upstream' })
      .min(1, { error: 'is an empty list; must hold at least one route with name, path and upstream' })
      .describe('Which requests go to which upstream.'),
  });
}

/** The settings as the gateway uses them: complete, durations in milliseconds. */
export type Settings = z.output<ReturnType<typeof settingsSchema>>;

export type { AssertionKey } from './assertion-key.ts';
export type { AssertionSettings } from './assertion-options.ts';
export type { DecisionSettings } from './decision-options.ts';
export type { LimitSettings } from './limit-options.ts';
export type { ListenTlsSettings, RedirectSettings } from './listen-tls-options.ts';
export type { CorsSettings, ProxySettings, RouteSettings } from './route-options.ts';
export type { TlsSettings } from './tls-options.ts';
export type { UpstreamSettings } from './upstream-options.ts';
