import { stringify } from 'yaml';
import { type Answers, USUAL_UPSTREAM } from './answers.ts';
import { literal, newTokenSecret, reference, type Secret, writtenUrl } from './secrets.ts';

/** The files of a new configuration. */
export interface NewConfiguration {
  readonly text: string;
  readonly secrets: readonly Secret[];
}

/**
 * A commented configuration, with the secrets that it names.
 *
 * @param accounts the section `accounts` as `adopt` proposes it; null: the gateway has a table of its own
 * @param schema where editors find the JSON Schema; null: nowhere
 */
export function newConfiguration(
  { database, redis, upstream }: Answers,
  accounts: string | null,
  schema: string | null,
): NewConfiguration {
  const databaseUrl = writtenUrl(database.url, 'database');
  const redisUrl = redis === null ? null : writtenUrl(redis, 'redis');
  const token = newTokenSecret();
  const text = [
    ...(schema === null ? [] : [`# yaml-language-server: $schema=${schema}`, '#']),
    HEAD,
    LISTENERS,
    databaseSection(database, databaseUrl.text),
    redisSection(redisUrl?.text ?? null),
    tokensSection(token),
    ...(accounts === null ? [] : [accounts]),
    routesSection(upstream),
  ].join('\n');
  return { text, secrets: [token, databaseUrl.secret, redisUrl?.secret ?? null].filter((secret) => secret !== null) };
}

const HEAD = `\
# The configuration of the gateway, written by \`gatehouse init\`. Every option but \`routes\` has a default; all of them are in
# docs/configuration.md. After a change: \`gatehouse check\`; SIGHUP makes a running gateway take it over.
#
# \${NAME} takes an environment variable, \${file:PATH} the content of a file, relative to this one. Inside [ ] and { } they must
# be in quotes. A plain \${ is written $\${.
`;

const LISTENERS = `\
# The public listener. Behind a proxy on another machine, listen on 0.0.0.0, and name the proxy in trustedProxies.
listen:
  host: 127.0.0.1
  port: 8080

# Health and metrics: never public.
ops:
  host: 127.0.0.1
  port: 8081

# Proxies whose X-Forwarded-For, -Proto and -Host are trusted, such as [10.0.0.0/8].
trustedProxies: []
`;

function databaseSection({ url, accounts }: Answers['database'], written: string): string {
  const holds = accounts === 'adopt' ? "Tokens, beside the application's accounts" : 'Accounts and tokens';
  const how = url.startsWith('sqlite:')
    ? 'The path of SQLite is relative to the working directory of the gateway.'
    : 'The gateway creates its tables at the start.';
  return `# ${holds}. ${how}\ndatabase:\n  url: ${scalar(written)}\n`;
}

function redisSection(written: string | null): string {
  const about = '# Redis carries revocations to other nodes within milliseconds. ';
  if (written !== null) return `${about}\nredis:\n  url: ${scalar(written)}\n`.replace(' \n', '\n');
  return `${about}Without it, the database does, within about a second.\n# redis:\n#   url: redis://127.0.0.1:6379\n`;
}

function tokensSection(secret: Secret): string {
  return `\
# The first secret signs tokens, all verify them. To rotate: add a new one behind it on all nodes, restart them, put it
# first, restart them, and remove the old one after maxLifetime.
tokens:
  secrets: ["${reference(secret)}"]
  # lifetime: 1h # of a token if the request names none
  # maxLifetime: 30d
`;
}

function routesSection(upstream: string): string {
  return `\
# Which requests go where: of the paths that a request begins with, the longest. Below /api/v1, each needs credentials.
routes:
  - name: api
    path: /api/v1
    upstream: ${scalar(literal(upstream))}${upstream === USUAL_UPSTREAM ? ' # your service' : ''}
    # stripPrefix: /api/v1 # /api/v1/orders/7 becomes /orders/7
    # methods: [GET, POST] # all when left out
  # - name: website
  #   path: /
  #   upstream: http://127.0.0.1:3000
  #   auth: none # no credentials
`;
}

/** A text as a value of YAML, in quotes where it needs them. */
function scalar(text: string): string {
  return stringify(text, { lineWidth: 0 }).trimEnd();
}
