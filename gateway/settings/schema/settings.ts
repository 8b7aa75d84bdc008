import { z } from 'zod';
import { accountOptions } from './account-options.ts';
import { databaseUrl, isHost, isNetwork } from './addresses.ts';
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
  textThat,
  wait,
  wholeNumber,
} from './formats.ts';
import { hsts } from './header-options.ts';
import { mailOptions, pageOptions } from './page-options.ts';
import { redisUrl } from './redis-url.ts';
import { route } from './route-options.ts';
import { upstreamOptions } from './upstream-options.ts';

export { ACCOUNT_COLUMNS } from './account-options.ts';

function listener(host: string, port: number) {
  return {
    host: textThat(
      isHost,
      'must be an IP address or a host name without port, such as 127.0.0.1, or 0.0.0.0 for every interface',
    )
      .prefault(host)
      .describe('The address to listen on.'),
    port: wholeNumber(0, 65_535, 'a port (0: any free one)').prefault(port).describe('The port; 0 takes any free one.'),
  };
}

const proxy = textThat(isNetwork, 'must be an IP address or a network, such as 10.0.0.7, 10.0.0.0/8 or fd00::/8');

const secret = confidential(
  (text) =>
    text === '' || Buffer.byteLength(text) >= 32
      ? null
      : 'is shorter than 32 bytes; must have 32 or more, such as what "openssl rand -base64 32" prints',
  'must be text of 32 bytes or more, in quotes',
);

/** The variables that stand in for options which a file leaves out. */
export const VARIABLES = {
  'database.url': 'DATABASE_URL',
  'redis.url': 'REDIS_URL',
  'tokens.secrets': 'TOKEN_SECRET',
  'mail.url': 'MAIL_URL',
} as const;

/**
 * Every option of the gateway: its type, default and meaning. Durations come out as milliseconds.
 *
 * @param variable the value of an environment variable, or the fallback when it is unset or empty
 */
export function settingsSchema(variable: (name: string, fallback: string) => string) {
  return options({
    listen: options({
      ...listener('127.0.0.1', 8080),
      hsts: hsts
        .exactOptional()
        .describe(
          'Tells browsers that came by https to come by nothing else: a duration, or a map. Left out: nothing.',
        ),
    })
      .prefault({})
      .describe('The public listener.'),
    ops: options(listener('127.0.0.1', 8081))
      .prefault({})
      .describe('The listener for health and metrics; never reachable by the public.'),
    trustedProxies: listOf(proxy, 'must be a list of IP addresses or networks, such as [10.0.0.0/8]')
      .prefault([])
      .describe('Peers whose X-Forwarded-* headers are believed.'),
    workers: z
      .union([z.literal('auto'), wholeNumber(1, 256, 'a number of processes')], {
        error: 'must be auto, or a number of processes, a whole number from 1 to 256',
      })
      .prefault(1)
      .describe('The number of processes that answer requests; auto: one for each core.'),
    database: options({
      url: databaseUrl()
        .prefault(() => variable(VARIABLES['database.url'], 'sqlite:data/gatehouse.sqlite'))
        .describe('sqlite:PATH, relative to the working directory, or mysql://user:password@host:3306/name.'),
      timeout: wait().prefault('2s').describe('How long an answer of the database may take.'),
    })
      .prefault({})
      .describe('Where accounts and tokens are kept.'),
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
        .describe('What every key of the gateway begins with.'),
      timeout: wait().prefault('500ms').describe('How long an answer of Redis may take.'),
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
        .describe('Everything below it is authenticated; no setting opens it.'),
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
      lifetime: duration('1s', '3650d').prefault('1h').describe('What a token gets when nothing is asked.'),
      maxLifetime: duration('1s', '3650d').prefault('30d').describe('The longest lifetime that may be asked for.'),
      maxPerAccount: wholeNumber(1, 1_000_000, 'a number of tokens')
        .prefault(1_000)
        .describe('Live tokens that an account may have; what would be one more is refused with 409.'),
      maxStaleness: duration('1s', '1h')
        .prefault('2s')
        .describe('How long tokens are accepted while neither database nor Redis can say what is revoked.'),
    })
      .prefault({})
      .describe('The tokens that the gateway issues.'),
    accounts: accountOptions(),
    pages: pageOptions(),
    mail: mailOptions(() => variable(VARIABLES['mail.url'], '')),
    timeouts: options({
      connect: wait().prefault('3s').describe('For a connection to an upstream.'),
      firstByte: wait().prefault('60s').describe('From the end of a request to the head of its answer.'),
      idle: wait().prefault('60s').describe('Between two pieces of a body, of the client or of the upstream.'),
      request: wait().exactOptional().describe('For a request and its answer in all; no limit when left out.'),
      headers: wait().prefault('10s').describe("For the head of a client's request to arrive."),
    })
      .prefault({})
      .describe('How long the gateway waits.'),
    webSockets: options({
      max: wholeNumber(1, 1_000_000, 'a number of WebSockets')
        .prefault(10_000)
        .describe('How many may be open in one process; 503 beyond it.'),
      maxPerClient: wholeNumber(1, 1_000_000, 'a number of WebSockets')
        .prefault(1_000)
        .describe('How many of one account, or of one address on a route with auth none; 429 beyond it.'),
      idle: wait().prefault('1h').describe('How long neither side may send anything; then it is ended with code 1001.'),
    })
      .prefault({})
      .describe('Limits of WebSockets.'),
    shutdown: options({
      delay: pause()
        .prefault('0s')
        .describe('How long requests are still taken after the signal, for balancers to see that it is not ready.'),
      timeout: wait().prefault('10s').describe('From the signal to the end, at the latest.'),
    })
      .prefault({})
      .describe('How the gateway stops.'),
    watch: flag()
      .prefault(false)
      .describe(`Whether a change of this file, or of one behind \${file:…}, is taken over at once, as by SIGHUP.`),
    log: options({
      level: oneOf('trace', 'debug', 'info', 'warn', 'error', 'silent')
        .prefault('info')
        .describe('The least that is logged.'),
      format: oneOf('auto', 'json', 'pretty').prefault('auto').describe('auto: pretty on a terminal, JSON elsewhere.'),
    })
      .prefault({})
      .describe('The log, on standard output.'),
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

export type { CorsSettings, ProxySettings, RouteSettings } from './route-options.ts';
export type { UpstreamSettings } from './upstream-options.ts';
