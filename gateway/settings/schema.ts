import { METHODS } from 'node:http';
import { z } from 'zod';
import { databaseUrl, isHost, isNetwork, UPSTREAM_FORM, upstreamProblem } from './addresses.ts';
import { confidential, duration, flag, listOf, numberFromText, textThat, wait, wholeNumber } from './formats.ts';
import { redisUrl } from './redis-url.ts';

/** A map of options. Its error names the keys; `check.ts` turns an unknown key into a suggestion. */
function options<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, { error: `must be a map with the keys ${Object.keys(shape).join(', ')}` });
}

function matching(pattern: RegExp, error: string) {
  return z.string({ error }).regex(pattern, { error });
}

function oneOf<const Choice extends string>(...choices: Choice[]) {
  return z.enum(choices, { error: `must be one of ${choices.join(', ')}` });
}

/** Segments of RFC 3986 `pchar`, without percent-encoding, dot segments, `;`, behind which some servers cut, and `*`. */
const SEGMENTS = String.raw`(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~!$&'()+,=:@-]+)+`;
const PLAIN_PATH = 'begins with /, does not end with /, and has no //, no . or .. segment, no %, ?, #, backslash or *';

function listener(host: string, port: number) {
  return options({
    host: textThat(
      isHost,
      'must be an IP address or a host name without port, such as 127.0.0.1, or 0.0.0.0 for every interface',
    )
      .prefault(host)
      .describe('The address to listen on.'),
    port: wholeNumber(0, 65_535, 'a port (0: any free one)').prefault(port).describe('The port; 0 takes any free one.'),
  }).prefault({});
}

const proxy = textThat(isNetwork, 'must be an IP address or a network, such as 10.0.0.7, 10.0.0.0/8 or fd00::/8');

const secret = confidential(
  (text) =>
    text === '' || Buffer.byteLength(text) >= 32
      ? null
      : 'is shorter than 32 bytes; must have 32 or more, such as what "openssl rand -base64 32" prints',
  'must be text of 32 bytes or more, in quotes',
);

const method = textThat(
  (text) => METHODS.includes(text),
  'must be an HTTP method in upper case, such as GET, POST, PUT, PATCH or DELETE',
);

const route = options({
  name: matching(
    /^[a-z0-9][a-z0-9._-]*$/,
    'must be a name of lower-case letters, digits, ".", "_" and "-", such as orders',
  ).describe('Unique; stands in the log.'),
  path: matching(
    new RegExp(`^(?:\\/|${SEGMENTS})$`),
    `must be a path prefix such as /api/v1/orders, or / alone: ${PLAIN_PATH}`,
  ).describe('What the request path begins with, on a segment boundary; the longest route wins.'),
  methods: listOf(method, 'must be a list of HTTP methods, such as [GET, POST]')
    .refine((methods) => methods.length > 0, { error: 'is an empty list; must name a method, or be left out for all' })
    .exactOptional()
    .describe('The methods it takes, all when left out; GET implies HEAD.'),
  upstream: listOf(confidential(upstreamProblem, UPSTREAM_FORM), UPSTREAM_FORM)
    .refine((urls) => urls.length > 0, { error: `is an empty list; ${UPSTREAM_FORM}` })
    .describe('Base URL of the service, or a list of them that take turns; one that is down is not left out.'),
  stripPrefix: matching(
    new RegExp(`^${SEGMENTS}$`),
    `must be the beginning of the route's path, such as /api/v1: ${PLAIN_PATH}`,
  )
    .exactOptional()
    .describe('Taken off the path before it is forwarded: with /api/v1, /api/v1/orders/7 becomes /orders/7.'),
  auth: oneOf('required', 'none')
    .prefault('required')
    .describe('Whether credentials are required; none is refused below api.prefix.'),
  passAuthorization: flag()
    .prefault(false)
    .describe('Whether the upstream receives the Authorization header of the client.'),
  preserveHost: flag()
    .prefault(false)
    .describe('Whether the upstream receives the Host header of the client instead of its own.'),
  allowEncodedSlashes: flag()
    .prefault(false)
    .describe('Whether %2F may occur in the path; refused with 400 otherwise.'),
});

const READ_ONLY = 'must be true: the table belongs to the application, which alone knows what else a change must do';

/** Quoted wherever it is used; a dot, a space or a quote in it would be read as SQL by the query builder. */
const IDENTIFIER = '[A-Za-z0-9_$-]{1,64}';

function columnName() {
  return matching(new RegExp(`^${IDENTIFIER}$`), 'must be the name of a column: letters, digits, "_", "$" and "-"');
}

/** Where an application's own table has what the gateway needs to know. */
export const ACCOUNT_COLUMNS = options({
  id: columnName()
    .prefault('id')
    .describe('What upstreams receive as X-User-Id: a whole number, a UUID or ASCII text.'),
  email: columnName().prefault('email').describe('The email that its owner signs in with.'),
  password: columnName().prefault('password').describe('The stored hash.'),
  confirmed: columnName()
    .exactOptional()
    .describe('Confirmed unless NULL, 0, false, empty or a zero date. Or give accounts.confirmedWhen.'),
});

/** The variables that stand in for options which a file leaves out. */
export const VARIABLES = {
  'database.url': 'DATABASE_URL',
  'redis.url': 'REDIS_URL',
  'tokens.secrets': 'TOKEN_SECRET',
} as const;

/**
 * Every option of the gateway: its type, default and meaning. Durations come out as milliseconds.
 *
 * @param variable the value of an environment variable, or the fallback when it is unset or empty
 */
export function settingsSchema(variable: (name: string, fallback: string) => string) {
  return options({
    listen: listener('127.0.0.1', 8080).describe('The public listener.'),
    ops: listener('127.0.0.1', 8081).describe('The listener for health; never reachable by the public.'),
    trustedProxies: listOf(proxy, 'must be a list of IP addresses or networks, such as [10.0.0.0/8]')
      .prefault([])
      .describe('Peers whose X-Forwarded-* headers are believed.'),
    workers: z
      .preprocess(numberFromText, z.literal(1, { error: 'must be 1: this version runs one process' }))
      .prefault(1)
      .describe('The number of processes.'),
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
      maxStaleness: duration('1s', '1h')
        .prefault('2s')
        .describe('How long tokens are accepted while neither database nor Redis can say what is revoked.'),
    })
      .prefault({})
      .describe('The tokens that the gateway issues.'),
    accounts: options({
      cache: duration('1ms', '1m')
        .prefault('5s')
        .describe('How long an account is known without asking; changes made through the gateway are seen at once.'),
      throttle: options({
        window: duration('1s', '1d').prefault('15m').describe('After which failed passwords are forgotten.'),
        perAddressAndAccount: wholeNumber(1, 1_000_000, 'a number of failures')
          .prefault(10)
          .describe('Failures of one address at one account before it gets 429.'),
        perAddress: wholeNumber(1, 1_000_000, 'a number of failures')
          .prefault(100)
          .describe('Failures of one address at all accounts. An IPv6 address counts by its /64.'),
      })
        .prefault({})
        .describe('How many wrong passwords are taken.'),
      passwordCost: wholeNumber(4, 15, 'a bcrypt cost').prefault(12).describe('bcrypt cost of new password hashes.'),
      table: matching(
        new RegExp(`^(?:${IDENTIFIER}\\.)?${IDENTIFIER}$`),
        'must be the name of a table, such as users or shop.users: letters, digits, "_", "$" and "-"',
      )
        .exactOptional()
        .describe("An application's own table of users in the same database server; left out: the gateway's own."),
      columns: ACCOUNT_COLUMNS.exactOptional().describe('The columns of that table.'),
      confirmedWhen: matching(
        /^[^?]*[^?\s][^?]*$/,
        'must be an SQL expression on the columns of accounts.table, such as "is_active = 1", without "?"',
      )
        .exactOptional()
        .describe('An SQL expression that is true of confirmed accounts, in place of columns.confirmed.'),
      readOnly: z
        .preprocess((value) => (value === 'true' ? true : value), z.literal(true, { error: READ_ONLY }))
        .exactOptional()
        .describe("May be written out, as true: an application's own table is never written to."),
    })
      .prefault({})
      .describe('The accounts.'),
    timeouts: options({
      connect: wait().prefault('3s').describe('For a connection to an upstream.'),
      firstByte: wait().prefault('60s').describe('From the end of a request to the head of its answer.'),
      idle: wait().prefault('60s').describe('Between two pieces of a body.'),
      headers: wait().prefault('10s').describe("For the head of a client's request to arrive."),
    })
      .prefault({})
      .describe('How long the gateway waits.'),
    log: options({
      level: oneOf('trace', 'debug', 'info', 'warn', 'error', 'silent')
        .prefault('info')
        .describe('The least that is logged.'),
      format: oneOf('auto', 'json', 'pretty').prefault('auto').describe('auto: pretty on a terminal, JSON elsewhere.'),
    })
      .prefault({})
      .describe('The log, on standard output.'),
    routes: z
      .array(route, { error: 'must be a list of routes, each with name, path and upstream' })
      .min(1, { error: 'is an empty list; must hold at least one route with name, path and upstream' })
      .describe('Which requests go to which upstream.'),
  });
}

/** The settings as the gateway uses them: complete, durations in milliseconds. */
export type Settings = z.output<ReturnType<typeof settingsSchema>>;

export type RouteSettings = z.output<typeof route>;
