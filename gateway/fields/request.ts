import { foldedName, rememberByName } from './name.ts';

/** What becomes of a field of a client's request; docs/forwarding.md has the same as a table for operators. */
export type Treatment =
  /** Passes in every spelling: no program takes another decision for it. */
  | 'pass'
  /** Passes where it is spelled exactly, as do those below that pass at all. */
  | 'exact'
  | 'drop'
  /** Passes from a trusted peer alone. */
  | 'trusted'
  /** Passes where the route takes every method. */
  | 'method'
  | 'authorization'
  /** Passes in every spelling, unless the route takes it as a credential. */
  | 'api-key'
  | 'connection'
  | 'cookie'
  | 'max-forwards'
  | 'traceparent'
  | 'tracestate'
  | 'forwarded'
  | 'x-forwarded-for'
  | 'x-forwarded-proto'
  | 'x-forwarded-host'
  | 'x-forwarded-prefix';

/** By name, as `foldedName` has it. */
const FIELDS: ReadonlyMap<string, Treatment> = new Map([
  // Hop-by-hop: RFC 9110 section 7.6.1 and what it names. Trailers are not forwarded, so neither is their list.
  ...all('connection', 'connection'),
  ...all('drop', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings', 'expect'),

  // Written by the gateway alone.
  ...all('drop', 'host', 'x-request-id', 'x-gatehouse-hops'),
  ...all('traceparent', 'traceparent'),
  ...all('tracestate', 'tracestate'),

  // Credentials. They are the gateway's to check, and none reaches an upstream unless its route says so.
  ...all('authorization', 'authorization'),
  ...all('api-key', 'x-api-key'),
  ...all('cookie', 'cookie'),

  // Who sends the request, for programs that believe a proxy before them. `X-User-Id` says that.
  ...all('drop', 'x-user', 'x-userid', 'x-username', 'x-useremail', 'auth-type', 'auth-user', 'x-auth-user'),
  ...all('drop', 'x-forwarded-user', 'x-forwarded-email', 'x-forwarded-groups', 'x-forwarded-preferred-username'),
  ...all('drop', 'x-forwarded-access-token', 'x-webauth-user', 'x-anonymous-consumer'),
  ...all('drop', 'x-proxy-user', 'x-sso-user', 'sm-user', 'iv-user', 'iv-groups', 'iv-creds'),
  // CVE-2025-29927: Next.js leaves out its middleware, and with it what that authorises.
  ...all('drop', 'x-middleware-subrequest'),

  // The path, in place of the target that was authorised: CGI's own variables, and what frameworks behind IIS look at.
  ...all('drop', 'script-name', 'path-info', 'path-translated', 'query-string', 'request-uri', 'document-uri'),
  ...all('drop', 'request-method', 'script-filename', 'document-root', 'server-name', 'server-port'),
  ...all('drop', 'x-original-url', 'x-original-uri', 'x-rewrite-url', 'x-request-uri'),
  // Where the application is mounted, which a proxy that strips a prefix tells.
  ...all('trusted', 'x-script-name', 'x-envoy-original-path'),
  // CVE-2025-61780: Rack sends a file in place of its answer to whoever may have it through a proxy alone.
  ...all('trusted', 'x-sendfile-type', 'x-accel-mapping'),

  // The method, in place of the one that the route was asked about: Rails, Symfony, ASP.NET and others.
  ...all('method', 'x-http-method-override', 'x-http-method', 'x-method-override', 'x-method', 'method-override'),

  // Where the request comes from, and how it came.
  ...all('forwarded', 'forwarded'),
  ...all('x-forwarded-for', 'x-forwarded-for'),
  ...all('x-forwarded-proto', 'x-forwarded-proto'),
  ...all('x-forwarded-host', 'x-forwarded-host'),
  ...all('x-forwarded-prefix', 'x-forwarded-prefix'),
  ...all('trusted', 'x-forwarded', 'forwarded-for', 'forwarded-host', 'forwarded-proto', 'x-original-forwarded-for'),
  ...all('trusted', 'x-real-ip', 'client-ip', 'x-client-ip', 'true-client-ip', 'x-true-client-ip', 'real-ip'),
  ...all('trusted', 'x-cluster-client-ip', 'x-originating-ip', 'x-proxyuser-ip', 'x-proxy-ip', 'wl-proxy-client-ip'),
  ...all('trusted', 'cf-connecting-ip', 'cf-connecting-ipv6', 'cf-pseudo-ipv4', 'fastly-client-ip', 'fly-client-ip'),
  ...all('trusted', 'x-azure-clientip', 'x-azure-socketip', 'x-envoy-external-address', 'x-appengine-user-ip'),
  ...all('trusted', 'do-connecting-ip', 'x-nf-client-connection-ip', 'cloudfront-viewer-address'),
  ...all('trusted', 'x-host', 'x-original-host', 'x-http-host-override', 'x-host-override'),
  ...all('trusted', 'x-scheme', 'x-url-scheme', 'url-scheme', 'x-original-proto', 'x-original-scheme', 'x-proto'),
  ...all('trusted', 'front-end-https', 'x-https', 'https', 'x-arr-ssl', 'cloudfront-forwarded-proto'),
  // The certificate that the client has shown to a proxy (RFC 9440 section 4).
  ...all('trusted', 'client-cert', 'client-cert-chain', 'x-client-cert', 'x-arr-clientcert', 'x-client-verify'),

  // A proxy on the way, and how many more there may be (RFC 9110 sections 7.6.2 and 7.6.3).
  ...all('exact', 'via'),
  ...all('max-forwards', 'max-forwards'),

  // Whose page sends it.
  ...all('exact', 'origin', 'x-csrf-token', 'x-csrftoken', 'x-xsrf-token', 'x-requested-with'),
]);

/** The families, by how the folded names of their members begin. A member that `FIELDS` has is treated as that says. */
const FAMILIES: readonly (readonly [prefix: string, Treatment])[] = [
  // `Proxy` becomes HTTP_PROXY in a CGI program (httpoxy, CVE-2016-5385).
  ['proxy', 'drop'],
  ['x-user', 'drop'],
  // Authelia, Kubernetes; CGI's REMOTE_USER, REMOTE_ADDR and REMOTE_HOST.
  ['remote', 'drop'],
  ['x-remote', 'drop'],
  // oauth2-proxy, Kong, the large clouds, authentik, Tailscale, Apache's modules: of whoever they have identified.
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
  ['x-amzn-oidc', 'trusted'],
  ['ssl-client', 'trusted'],
  ['x-ssl', 'trusted'],
  // The body: its length, form, coding and place; the length and form are variables without HTTP_ in CGI.
  ['content', 'exact'],
  // What browsers alone write, and WebSocket handshakes.
  ['sec', 'exact'],
];

function all(treatment: Treatment, ...names: string[]): [string, Treatment][] {
  return names.map((name) => [name, treatment]);
}

/** Those that a look-alike passes by, as the field itself does. */
const PASSES_AS_SPELLED: ReadonlySet<Treatment> = new Set(['pass', 'method', 'api-key']);

export interface RequestField {
  readonly treatment: Treatment;
  /** As `foldedName` has it. */
  readonly folded: string;
}

/**
 * What becomes of a field. A look-alike of one that the table treats in any way is dropped, whoever sends it: a peer that
 * replaces `X-Forwarded-For` may let the client's own `X_Forwarded_For` through.
 */
export const requestField: (name: string) => RequestField = rememberByName((name) => {
  const folded = foldedName(name);
  const treatment = treatmentOf(folded);
  const isLookAlike = folded !== name.toLowerCase() && !PASSES_AS_SPELLED.has(treatment);
  return { treatment: isLookAlike ? 'drop' : treatment, folded };
});

/** @param folded a name, as `foldedName` has it */
export function treatmentOf(folded: string): Treatment {
  return FIELDS.get(folded) ?? FAMILIES.find(([family]) => isOf(family, folded))?.[1] ?? 'pass';
}

function isOf(family: string, folded: string): boolean {
  return folded.startsWith(family) && (folded.length === family.length || folded[family.length] === '-');
}

/** What frames a request, concerns one connection, or is written by the gateway alone. No route changes these. */
const FIXED: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings', 'expect'],
  ...['content-length', 'content-encoding', 'content-range', 'host', 'x-request-id', 'traceparent', 'tracestate'],
  'x-gatehouse-hops',
  ...['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-prefix'],
  'max-forwards',
]);
const FIXED_FAMILIES = ['proxy', 'x-user', 'sec-websocket'];

/** Whether a route may set or remove a field of its requests. @param name in any spelling: a look-alike is refused too */
export function isFixedInRequests(name: string): boolean {
  const folded = foldedName(name);
  return FIXED.has(folded) || FIXED_FAMILIES.some((family) => isOf(family, folded));
}

/** Every name that the table has, and each family by its beginning: for those who go through all of it. */
export const LISTED: readonly string[] = [...FIELDS.keys(), ...FAMILIES.map(([family]) => `${family}-x`)];
