import { foldedName, rememberByName } from './name.ts';

/** How the gateway treats a field of a client's request; docs/forwarding.md has the same as a table for operators. */
export type Treatment =
  /** Passes in every spelling: no server bases a decision on it. */
  | 'pass'
  /** Passes only in its exact spelling. The treatments below that pass a field require the same. */
  | 'exact'
  | 'drop'
  /** Passes only from a trusted peer. */
  | 'trusted'
  /** Passes only if the route takes every method. */
  | 'method'
  | 'authorization'
  /** Passes in every spelling, unless the route takes it as a credential. */
  | 'api-key'
  | 'connection'
  | 'cookie'
  | 'max-forwards'
  | 'websocket-protocol'
  | 'traceparent'
  | 'tracestate'
  | 'forwarded'
  | 'x-forwarded-for'
  | 'x-forwarded-proto'
  | 'x-forwarded-host'
  | 'x-forwarded-prefix';

/** From which some frameworks read another path than that of the request line. */
export const PATH_OVERRIDES: readonly string[] = ['x-original-url', 'x-original-uri', 'x-rewrite-url', 'x-request-uri'];
/** From which some frameworks read another method: Rails, Symfony, ASP.NET and others. */
export const METHOD_OVERRIDES: readonly string[] = [
  ...['x-http-method-override', 'x-http-method', 'x-method-override', 'x-method', 'method-override'],
];

/** By folded name (`foldedName`). */
const FIELDS: ReadonlyMap<string, Treatment> = new Map([
  // Hop-by-hop: RFC 9110 section 7.6.1 and what it names. Trailers are not forwarded, so neither is their list.
  ...all('connection', 'connection'),
  ...all('drop', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings', 'expect'),

  // Set by the gateway only.
  ...all('drop', 'host', 'x-request-id', 'x-gatehouse-hops'),
  ...all('traceparent', 'traceparent'),
  ...all('tracestate', 'tracestate'),

  // Credentials: the gateway checks these, and forwards them only if the route says so.
  ...all('authorization', 'authorization'),
  ...all('api-key', 'x-api-key'),
  ...all('cookie', 'cookie'),
  // It may carry a token.
  ...all('websocket-protocol', 'sec-websocket-protocol'),

  // The user, for upstreams that trust a proxy in front of them. The gateway sends `X-User-Id`. The family `X-User-*` is below.
  ...all('drop', 'x-user', 'x-userid', 'x-username', 'x-useremail', 'auth-type', 'auth-user', 'x-auth-user'),
  ...all('drop', 'x-forwarded-user', 'x-forwarded-email', 'x-forwarded-groups', 'x-forwarded-preferred-username'),
  ...all('drop', 'x-forwarded-access-token', 'x-webauth-user', 'x-anonymous-consumer'),
  ...all('drop', 'x-proxy-user', 'x-sso-user', 'sm-user', 'iv-user', 'iv-groups', 'iv-creds'),
  // CVE-2025-29927: Next.js skips its middleware, and with it authorisation.
  ...all('drop', 'x-middleware-subrequest'),

  // Override the authorised path: CGI variables, and the fields that frameworks behind IIS read.
  ...all('drop', 'script-name', 'path-info', 'path-translated', 'query-string', 'request-uri', 'document-uri'),
  ...all('drop', 'request-method', 'script-filename', 'document-root', 'server-name', 'server-port'),
  ...all('drop', ...PATH_OVERRIDES),
  // The path where the application is mounted, from a proxy that strips a prefix.
  ...all('trusted', 'x-script-name'),
  // CVE-2025-61780: lets a client bypass a proxy's access rules by having Rack delegate file sending.
  ...all('trusted', 'x-sendfile-type', 'x-accel-mapping'),

  // Override the authorised method.
  ...all('method', ...METHOD_OVERRIDES),

  // The client's address, scheme and host, as proxies report them.
  ...all('forwarded', 'forwarded'),
  ...all('x-forwarded-for', 'x-forwarded-for'),
  ...all('x-forwarded-proto', 'x-forwarded-proto'),
  ...all('x-forwarded-host', 'x-forwarded-host'),
  ...all('x-forwarded-prefix', 'x-forwarded-prefix'),
  ...all('trusted', 'x-forwarded', 'forwarded-for', 'forwarded-host', 'forwarded-proto', 'x-original-forwarded-for'),
  ...all('trusted', 'x-real-ip', 'client-ip', 'x-client-ip', 'true-client-ip', 'x-true-client-ip', 'real-ip'),
  ...all('trusted', 'x-cluster-client-ip', 'x-originating-ip', 'x-proxyuser-ip', 'x-proxy-ip', 'wl-proxy-client-ip'),
  ...all('trusted', 'cf-connecting-ip', 'cf-connecting-ipv6', 'cf-pseudo-ipv4', 'fastly-client-ip', 'fly-client-ip'),
  ...all('trusted', 'x-azure-clientip', 'x-azure-socketip', 'x-appengine-user-ip'),
  ...all('trusted', 'do-connecting-ip', 'x-nf-client-connection-ip', 'cloudfront-viewer-address'),
  ...all('trusted', 'x-host', 'x-original-host', 'x-http-host-override', 'x-host-override'),
  ...all('trusted', 'x-scheme', 'x-url-scheme', 'url-scheme', 'x-original-proto', 'x-original-scheme', 'x-proto'),
  ...all('trusted', 'front-end-https', 'x-https', 'https', 'x-arr-ssl', 'cloudfront-forwarded-proto'),
  // The client's certificate, from a proxy that terminates TLS (RFC 9440 section 4).
  ...all('trusted', 'client-cert', 'client-cert-chain', 'x-client-cert', 'x-arr-clientcert', 'x-client-verify'),

  // Proxies passed, and proxies still allowed (RFC 9110 sections 7.6.3 and 7.6.2).
  ...all('exact', 'via'),
  ...all('max-forwards', 'max-forwards'),

  // The page's origin, and defences against cross-site request forgery.
  ...all('exact', 'origin', 'x-csrf-token', 'x-csrftoken', 'x-xsrf-token', 'x-requested-with'),
]);

/** Treatments by the beginning of folded names; an entry of `FIELDS` takes precedence. */
const FAMILIES: readonly (readonly [prefix: string, Treatment])[] = [
  // `Proxy` becomes HTTP_PROXY in a CGI program (httpoxy, CVE-2016-5385).
  ['proxy', 'drop'],
  // `X-User-Id`, which the gateway writes, and fields like it that other proxies write.
  ['x-user', 'drop'],
  // Authelia, Kubernetes; CGI's REMOTE_USER, REMOTE_ADDR and REMOTE_HOST.
  ['remote', 'drop'],
  ['x-remote', 'drop'],
  // The authenticated user, as oauth2-proxy, Kong, the large clouds, authentik, Tailscale and Apache's modules report it.
  ['x-auth-request', 'drop'],
  ['x-authenticated', 'drop'],
  ['x-consumer', 'drop'],
  ['x-credential', 'drop'],
  ['x-ms-client-principal', 'drop'],
  ['x-goog-authenticated-user', 'drop'],
  ['x-authentik', 'drop'],
  ['tailscale-user', 'drop'],
  ['oidc-claim', 'drop'],
  ['shib', 'drop'],
  // PHP_AUTH_USER and PHP_AUTH_PW.
  ['php-auth', 'drop'],
  ['x-forwarded', 'trusted'],
  // CVE-2024-45806: an Envoy beside the upstream believes them of a peer inside, such as the gateway: path, address, retries, time-outs.
  ['x-envoy', 'trusted'],
  ['x-amzn-oidc', 'trusted'],
  ['ssl-client', 'trusted'],
  ['x-ssl', 'trusted'],
  // The body's length, type, coding and location; CGI has length and type as variables without HTTP_.
  ['content', 'exact'],
  // Fields that scripts in browsers cannot set, and WebSocket handshakes.
  ['sec', 'exact'],
];

function all(treatment: Treatment, ...names: string[]): [string, Treatment][] {
  return names.map((name) => [name, treatment]);
}

/** Treatments that apply to other spellings of a name too. */
const PASSES_AS_SPELLED: ReadonlySet<Treatment> = new Set(['pass', 'method', 'api-key']);

export interface RequestField {
  readonly treatment: Treatment;
  /** By `foldedName`. */
  readonly folded: string;
}

/**
 * Looks up the treatment of a field. Another spelling of a listed name is dropped, even from a trusted peer: a proxy that
 * replaces `X-Forwarded-For` may forward the client's `X_Forwarded_For`.
 */
export const requestField: (name: string) => RequestField = rememberByName((name) => {
  const folded = foldedName(name);
  const treatment = treatmentOf(folded);
  const isLookAlike = folded !== name.toLowerCase() && !PASSES_AS_SPELLED.has(treatment);
  return { treatment: isLookAlike ? 'drop' : treatment, folded };
});

/** @param folded a name folded by `foldedName` */
export function treatmentOf(folded: string): Treatment {
  return FIELDS.get(folded) ?? FAMILIES.find(([family]) => isOf(family, folded))?.[1] ?? 'pass';
}

function isOf(family: string, folded: string): boolean {
  return folded.startsWith(family) && (folded.length === family.length || folded[family.length] === '-');
}

/** Fields that frame a request, are hop-by-hop, or are set by the gateway: routes cannot change these. */
const FIXED: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings', 'expect'],
  ...['content-length', 'content-encoding', 'content-range', 'host', 'x-request-id', 'traceparent', 'tracestate'],
  'x-gatehouse-hops',
  ...['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-prefix'],
  'max-forwards',
]);
const FIXED_FAMILIES = ['proxy', 'x-user', 'sec-websocket'];

/** Whether a route may set or remove a field of its requests. @param name in any spelling */
export function isFixedInRequests(name: string): boolean {
  const folded = foldedName(name);
  return FIXED.has(folded) || FIXED_FAMILIES.some((family) => isOf(family, folded));
}

/** Every listed name, and one example of each family. */
export const LISTED: readonly string[] = [...FIELDS.keys(), ...FAMILIES.map(([family]) => `${family}-x`)];
