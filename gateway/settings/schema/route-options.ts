import { METHODS } from 'node:http';
import { z } from 'zod';
import { UPSTREAM_FORM, upstreamProblem } from './addresses.ts';
import {
  confidential,
  flag,
  listOf,
  matching,
  oneOf,
  options,
  PLAIN_PATH,
  SEGMENTS,
  size,
  textThat,
  wait,
} from './formats.ts';
import { FIELD_NAME, headers } from './header-options.ts';
import { isOriginPattern } from './origin-pattern.ts';

const method = textThat(
  (text) => METHODS.includes(text),
  'must be an HTTP method in upper case, such as GET, POST, PUT, PATCH or DELETE',
);

function fieldNames() {
  return listOf(
    textThat((text) => FIELD_NAME.test(text), 'must be the name of a header field, such as X-Total-Count'),
    'must be a list of header field names, such as [X-Total-Count]',
  );
}

const cors = options({
  origins: listOf(
    textThat(
      (text) => text === '*' || isOriginPattern(text),
      'must be an origin such as https://app.example.com, without a path, https://*.example.com for its subdomains, or "*"',
    ),
    'must be a list of origins, such as [https://app.example.com], or "*"',
  )
    .refine((origins) => origins.length > 0, { error: 'is an empty list; must name an origin, or be "*" for all' })
    .describe('Whose pages may call it; https://*.example.com for all subdomains, "*" for any.'),
  headers: fieldNames()
    .exactOptional()
    .describe('The fields that pages may send, beside Authorization and Content-Type; all when left out.'),
  exposeHeaders: fieldNames()
    .prefault([])
    .describe('The fields of answers that pages may read, beside the usual ones.'),
  credentials: flag().prefault(false).describe('Whether cookies may come along; not with "*".'),
  maxAge: wait().prefault('10m').describe('How long a browser remembers what it may send.'),
});

/** A replacement for all values, or a map from values to replacements; `"*"` matches every value. */
function rewriting(what: string) {
  const error = `must be text that replaces ${what}, or a map from what is found to what replaces it`;
  return z.union([z.string(), z.record(z.string(), z.string())], { error });
}

/** @returns what is wrong with a regular expression, or null */
function patternProblem(pattern: string): string | null {
  try {
    new RegExp(pattern);
    return null;
  } catch (error) {
    return (error as SyntaxError).message.split(': ').at(-1) ?? 'malformed';
  }
}

const proxy = options({
  pathRewrite: z
    .record(
      z.string(),
      matching(/^(?:(?![?#\\])[!-~])*$/, 'must replace a part of a path: printable ASCII without ?, # and backslashes'),
      { error: 'must be a map from regular expressions to replacements' },
    )
    .superRefine((rules, context) => {
      for (const pattern of Object.keys(rules)) {
        const problem = patternProblem(pattern);
        if (problem === null) continue;
        const message = `is for what is no regular expression (${problem}); must be one, such as "^/old/"`;
        context.addIssue({ code: 'custom', path: [pattern], message });
      }
    })
    .exactOptional()
    .describe('Regular expressions and what replaces their first match in the path, after stripPrefix.'),
  cookieDomainRewrite: rewriting('the Domain of cookies')
    .exactOptional()
    .describe('The Domain of cookies that upstreams set; empty text removes it.'),
  cookiePathRewrite: rewriting('the Path of cookies')
    .exactOptional()
    .describe('The Path of cookies that upstreams set; empty text removes it.'),
  autoRewrite: flag()
    .prefault(false)
    .describe("Whether redirects to the upstream's own host are rewritten to the host that the client asked."),
  hostRewrite: matching(/^[A-Za-z0-9.:[\]-]+$/, 'must be a host, with a port where it has one')
    .exactOptional()
    .describe("The host that redirects to the upstream's own host are rewritten to."),
  protocolRewrite: oneOf('http', 'https').exactOptional().describe('The scheme that redirects are rewritten to.'),
  intercept: matching(/\.(?:mjs|js|ts)$/, 'must be the path of a module, such as ./intercept.mjs')
    .exactOptional()
    .describe('A module whose default export changes answers; relative to the configuration file.'),
});

export const route = options({
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
    .describe('Base URL of the service, a list of them that take turns, or the name of a group in upstreams.'),
  stripPrefix: matching(
    new RegExp(`^${SEGMENTS}$`),
    `must be the beginning of the route's path, such as /api/v1: ${PLAIN_PATH}`,
  )
    .exactOptional()
    .describe('Taken off the path before it is forwarded: with /api/v1, /api/v1/orders/7 becomes /orders/7.'),
  auth: oneOf('required', 'none')
    .prefault('required')
    .describe('Whether credentials are required; none is refused below api.prefix.'),
  credentials: listOf(
    oneOf('basic', 'bearer', 'api-key'),
    'must be a list of basic, bearer and api-key, such as [basic, bearer]',
  )
    .refine((schemes) => schemes.length > 0, { error: 'is an empty list; must name basic, bearer or api-key' })
    .exactOptional()
    .describe(
      'What it takes: basic and bearer when left out; with api-key, a token in X-API-Key, which the upstream then never gets.',
    ),
  passAuthorization: flag()
    .prefault(false)
    .describe('Whether the upstream receives the Authorization header of the client.'),
  preserveHost: flag()
    .prefault(false)
    .describe('Whether the upstream receives the Host header of the client instead of its own.'),
  allowEncodedSlashes: flag()
    .prefault(false)
    .describe('Whether %2F may occur in the path; refused with 400 otherwise.'),
  maxBody: size().exactOptional().describe('The longest request body, 413 beyond it; any length when left out.'),
  requireLength: flag()
    .prefault(false)
    .describe('Whether a chunked request body is refused with 411, for upstreams that do not understand these.'),
  timeouts: options({
    firstByte: wait().exactOptional().describe('In place of timeouts.firstByte.'),
    idle: wait().exactOptional().describe('In place of timeouts.idle.'),
    request: wait().exactOptional().describe('In place of timeouts.request.'),
  })
    .prefault({})
    .describe('Deadlines of this route, where they differ.'),
  headers: headers.exactOptional().describe('Fields that are set or removed on the way, in requests and in answers.'),
  cors: cors.exactOptional().describe('Lets pages of other origins call it from a browser.'),
  proxy: proxy
    .exactOptional()
    .describe('Sends the route through http-proxy-middleware, for what only that offers; slower.'),
});

export type RouteSettings = z.output<typeof route>;
export type CorsSettings = z.output<typeof cors>;
export type ProxySettings = z.output<typeof proxy>;
