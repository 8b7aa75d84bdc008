import { METHODS } from 'node:http';
import { z } from 'zod';
import { requires } from './access-options.ts';
import { UPSTREAM_FORM, upstreamProblem } from './addresses.ts';
import { routeAssertion } from './assertion-options.ts';
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
import { hostPattern } from './host-pattern.ts';
import { network } from './listener-options.ts';
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
    .describe('The origins that may call the route; https://*.example.com for all subdomains, "*" for any.'),
  headers: fieldNames()
    .exactOptional()
    .describe('The fields that pages may send besides Authorization and Content-Type; all when left out.'),
  exposeHeaders: fieldNames()
    .prefault([])
    .describe('The response fields that pages may read besides the CORS-safelisted ones.'),
  credentials: flag().prefault(false).describe('Whether pages may send cookies; not with "*".'),
  maxAge: wait().prefault('10m').describe('How long browsers cache the result of a preflight.'),
});

/** A replacement for all values, or a map from values to replacements; `"*"` matches every value. */
function rewriting(what: string) {
  const error = `must be text that replaces ${what}, or a map from values to their replacements`;
  return z.union([z.string(), z.record(z.string(), z.string())], { error });
}

/** @returns the syntax error of a regular expression, or null */
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
        const message = `is not a valid regular expression (${problem}); must be one such as "^/old/"`;
        context.addIssue({ code: 'custom', path: [pattern], message });
      }
    })
    .exactOptional()
    .describe('Regular expressions and the replacements of their first match in the path, after stripPrefix.'),
  cookieDomainRewrite: rewriting('the Domain of cookies')
    .exactOptional()
    .describe('Replaces the Domain of cookies that upstreams set; empty text removes it.'),
  cookiePathRewrite: rewriting('the Path of cookies')
    .exactOptional()
    .describe('Replaces the Path of cookies that upstreams set; empty text removes it.'),
  autoRewrite: flag()
    .prefault(false)
    .describe("Whether redirects to the upstream's own host are rewritten to the host of the request."),
  hostRewrite: matching(/^[A-Za-z0-9.:[\]-]+$/, 'must be a host, optionally with a port')
    .exactOptional()
    .describe("The host that redirects to the upstream's own host are rewritten to."),
  protocolRewrite: oneOf('http', 'https').exactOptional().describe('The scheme that redirects are rewritten to.'),
  intercept: matching(/\.m?[jt]s$/, 'must be the path of a module, such as ./intercept.mjs')
    .exactOptional()
    .describe('A module whose default export changes answers; relative to the configuration file.'),
});

export const route = options({
  name: matching(
    /^[a-z0-9][a-z0-9._-]*$/,
    'must be a name of lower-case letters, digits, ".", "_" and "-", such as orders',
  ).describe('The name in logs and metrics; unique.'),
  host: listOf(hostPattern(), 'must be a host, or a list of hosts, such as [shop.example.com, "*.shop.example.com"]')
    .refine((hosts) => hosts.length > 0, { error: 'is an empty list; must name a host, or be left out for every host' })
    .exactOptional()
    .describe(
      'The hosts of requests, exact or *.suffix, without port; every host when left out. An exact one goes first.',
    ),
  path: matching(
    new RegExp(`^(?:\\/|${SEGMENTS})$`),
    `must be a path prefix such as /api/v1/orders, or / alone: ${PLAIN_PATH}`,
  ).describe('The prefix of request paths, on a segment boundary; the longest match wins.'),
  methods: listOf(method, 'must be a list of HTTP methods, such as [GET, POST]')
    .refine((methods) => methods.length > 0, { error: 'is an empty list; must name a method, or be left out for all' })
    .exactOptional()
    .describe('The allowed methods; all when left out. GET implies HEAD.'),
  upstream: listOf(confidential(upstreamProblem, UPSTREAM_FORM), UPSTREAM_FORM)
    .refine((urls) => urls.length > 0, { error: `is an empty list; ${UPSTREAM_FORM}` })
    .exactOptional()
    .describe(
      'The base URL of the service, a list of URLs (round-robin), or the name of a group in upstreams. Required unless decisions is configured: a route without it is for decisions alone.',
    ),
  stripPrefix: matching(
    new RegExp(`^${SEGMENTS}$`),
    `must be a prefix of the route's path, such as /api/v1: ${PLAIN_PATH}`,
  )
    .exactOptional()
    .describe('Removed from the path before forwarding: with /api/v1, /api/v1/orders/7 becomes /orders/7.'),
  auth: oneOf('required', 'none')
    .prefault('required')
    .describe('Whether credentials are required; none is not allowed below api.prefix.'),
  allowFrom: listOf(network, 'must be a list of IP addresses or networks, such as [10.0.0.0/8]')
    .refine((networks) => networks.length > 0, {
      error: 'is an empty list; must name a network, or be left out for every address',
    })
    .exactOptional()
    .describe('The networks that clients may be in, 403 for others; every address when left out.'),
  credentials: listOf(
    oneOf('basic', 'bearer', 'api-key'),
    'must be a list of basic, bearer and api-key, such as [basic, bearer]',
  )
    .refine((schemes) => schemes.length > 0, { error: 'is an empty list; must name basic, bearer or api-key' })
    .exactOptional()
    .describe(
      'The accepted credentials; basic and bearer when left out. api-key: a token in X-API-Key, which the upstream then never receives.',
    ),
  limits: listOf(
    textThat((text) => text !== '', 'must be the name of a limit in limits'),
    'must be a list of names in limits, such as [burst, daily]',
  )
    .prefault([])
    .describe('The limits that count the requests of this route; a request must pass all of them.'),
  assertion: routeAssertion()
    .exactOptional()
    .describe(
      'The audience of its assertions; false: none. The name of the route when left out or true, with assertion and auth: required.',
    ),
  websocketToken: flag()
    .prefault(false)
    .describe(
      'Whether a WebSocket may carry its token among its protocols, as gatehouse.bearer.TOKEN, from the origins of cors: for scripts in browsers.',
    ),
  requires: requires
    .exactOptional()
    .describe('Who may pass: credentials with every scope, of an account in one of the groups; 403 otherwise.'),
  passAuthorization: flag()
    .prefault(false)
    .describe('Whether the upstream receives the Authorization header of the client.'),
  preserveHost: flag()
    .prefault(false)
    .describe('Whether the upstream receives the Host header of the client instead of its own.'),
  allowEncodedSlashes: flag()
    .prefault(false)
    .describe('Whether %2F may occur in the path; refused with 400 otherwise.'),
  maxBody: size().exactOptional().describe('The maximum request body, 413 above it; no limit when left out.'),
  requireLength: flag()
    .prefault(false)
    .describe('Whether a chunked request body is refused with 411, for upstreams that do not support chunked bodies.'),
  timeouts: options({
    firstByte: wait().exactOptional().describe('Overrides timeouts.firstByte.'),
    idle: wait().exactOptional().describe('Overrides timeouts.idle.'),
    request: wait().exactOptional().describe('Overrides timeouts.request.'),
  })
    .prefault({})
    .describe('Timeouts of this route.'),
  headers: headers.exactOptional().describe('Header fields to set or remove, in requests and in responses.'),
  cors: cors.exactOptional().describe('Allows browsers to call the route from pages of other origins.'),
  proxy: proxy
    .exactOptional()
    .describe('Sends the route through http-proxy-middleware, for features that only it has; slower.'),
});

export type RouteSettings = z.output<typeof route>;
export type CorsSettings = z.output<typeof cors>;
export type ProxySettings = z.output<typeof proxy>;
