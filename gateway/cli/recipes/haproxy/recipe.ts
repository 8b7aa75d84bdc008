import { NAME_IN_TRUSTED_PROXIES, PUT_THE_ADDRESS_HERE } from '../notices.ts';
import {
  DOTS_OR_SLASHES,
  literally,
  PLAIN_TARGET,
  placesOf,
  type RecipePlace,
  type RecipePlan,
  type RecipeRoute,
  routesOfAll,
  usualRoute,
} from '../plan.ts';
import { preflightedMethods } from '../preflights.ts';
import { type Address, hostAndPort } from '../service.ts';

/**
 * The configuration of HAProxy.
 *
 * HAProxy compares the path as the client sent it, and forwards it so. The Lua program (`haproxyProgram`) asks about it.
 *
 * @param program the path of the file with the Lua program
 */
export function haproxyRecipe(plan: RecipePlan, program: string): string {
  const routes = routesOfAll(plan);
  const flagged = (isSo: (route: RecipeRoute) => boolean) => routes.filter(isSo).map(({ name }) => name);
  return `# Gatehouse decides on each request, and HAProxy forwards it. Printed by "gatehouse recipe haproxy"; for haproxy.cfg.
${plan.isTrusted ? '' : NAME_IN_TRUSTED_PROXIES}global
  # Asks Gatehouse. Each thread has a Lua state of its own; with "lua-load", all would wait for one.
  lua-load-per-thread ${program}

defaults gatehouse
  mode http
  option httplog
  option http-no-delay
  timeout connect 3s
  timeout client 60s
  timeout server 60s
  timeout http-request 10s
  # For WebSockets without traffic.
  timeout tunnel 1h

frontend gatehouse from gatehouse
  # TLS: bind ${plan.listen} ssl crt /etc/haproxy/certificate.pem
  bind ${plan.listen.startsWith(':') ? `*${plan.listen}` : plan.listen}

  # The identity is what Gatehouse says. Many services read X_User_Id and X.User.Id as X-User-Id too.
  http-request del-header ^x[^a-z0-9]*user -m reg
  http-request del-header ^(http[^a-z0-9]+)+x[^a-z0-9]*user -m reg
  http-request del-header Forwarded
  http-request set-header X-Request-Id %[uuid()]
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Host %[req.hdr(Host)]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Proto https if { ssl_fc }
  # Only WebSockets are upgraded: a service that took "Upgrade: h2c" would open a tunnel past every decision.
  acl gatehouse_socket req.fhdr(Upgrade) -m str -i websocket
  acl gatehouse_one_upgrade req.fhdr_cnt(Upgrade) eq 1
  http-request del-header Upgrade unless gatehouse_socket gatehouse_one_upgrade
  # Some services read another path from these than the judged one.
  http-request del-header ^x[^a-z0-9]*(original|rewrite|request)[^a-z0-9]*ur[il]$ -m reg
  # "Connection: X-User-Id" would remove the identity.
  http-request set-header Connection upgrade if { req.hdr(Upgrade) -i websocket }
  http-request del-header Connection unless { req.hdr(Upgrade) -i websocket }

  # The place of the request: the last that matches has the most particular host, and there the longest path.
  http-request set-var(txn.gatehouse_host) req.hdr(Host),host_only,lower,regsub([.]$,)
${[...plan.sites]
  .reverse()
  .flatMap(({ host, places }) => [...places].reverse().map((place) => placeRule(host, place)))
  .join('\n')}

  # A plain target is asked about by the name of its route. Any other is asked about by its path, with all rules of Gatehouse.
  acl gatehouse_plain pathq -m reg ${quoted(PLAIN_TARGET)}
  acl gatehouse_odd pathq -m reg ${quoted(DOTS_OR_SLASHES)}
  http-request set-var(txn.gatehouse_backend) str(gatehouse_public)
${placesOf(plan).flatMap(placeRules).join('\n')}
  # The answer of Gatehouse, or 503 without one, unless it is a yes.
  http-request lua.gatehouse if { var(txn.gatehouse_door) -m found }
  # A token of a WebSocket is for Gatehouse alone: the first entry of the list, or a later one.
  http-request replace-header Sec-WebSocket-Protocol ${quoted(`^[[:blank:],]*${TOKEN_ENTRY}[[:blank:],]*(.*)$`)} '\\1'
  http-request replace-header Sec-WebSocket-Protocol ${quoted(`^(.*[^[:blank:],])[[:blank:]]*,[[:blank:]]*${TOKEN_ENTRY}(.*)$`)} '\\1\\2'
${removal(
  'Authorization',
  flagged(({ passAuthorization }) => !passAuthorization),
)}
${removal(
  'X-API-Key',
  flagged(({ takesApiKey }) => takesApiKey),
)}
${removal(
  '^(x[^a-z0-9]*)?(http[^a-z0-9]*)?method([^a-z0-9]*override)?$ -m reg',
  flagged(({ methodIsFixed }) => methodIsFixed),
)}
  use_backend %[var(txn.gatehouse_backend)]

backend gatehouse_public from gatehouse
  # The token endpoints, the pages, and whatever is no route: Gatehouse itself answers.
  server gatehouse ${serverAddress(plan.gateway)}
${routes.map(backend).join('\n')}
`;
}

/** HAProxy may be built with POSIX expressions, which have no flag for any case. */
const TOKEN_ENTRY = `${inAnyCase('gatehouse')}[.]${inAnyCase('bearer')}[.][^,]*`;

function inAnyCase(text: string): string {
  return [...text].map((letter) => `[${letter.toUpperCase()}${letter}]`).join('');
}

function quoted(text: string): string {
  return `'${text}'`;
}

function placeRule(host: string | null, { id, path }: RecipePlace): string {
  const conditions = [...(host === null ? [] : [hostCondition(host)]), ...(path === '/' ? [] : [pathCondition(path)])];
  return `  http-request set-var(txn.gatehouse_place) str(${id})${conditions.length === 0 ? '' : ` if ${conditions.join(' ')}`}`;
}

function hostCondition(host: string): string {
  return host.startsWith('*.')
    ? `{ var(txn.gatehouse_host) -m end ${host.slice(1)} }`
    : `{ var(txn.gatehouse_host) -m str ${host} }`;
}

function pathCondition(path: string): string {
  return `{ path -m reg '^${literally(path)}(/|$)' }`;
}

function placeRules(place: RecipePlace): string[] {
  const { id, routes } = place;
  const here = `{ var(txn.gatehouse_place) -m str ${id} }`;
  const byMethod = routes.flatMap(({ name, methods }) => {
    const condition = `if ${here} { method ${methods.join(' ')} }`;
    return [
      `  http-request set-var(txn.gatehouse_backend) str(gatehouse_to_${name}) ${condition}`,
      `  http-request set-var(txn.gatehouse_door) str(/forward-auth/@${name}) ${condition} gatehouse_plain !gatehouse_odd`,
    ];
  });
  const usual = usualRoute(place);
  if (usual === undefined) return [];
  return [
    `  http-request set-var(txn.gatehouse_door) str(/forward-auth) if ${here}`,
    `  http-request set-var(txn.gatehouse_backend) str(gatehouse_to_${usual.name}) if ${here}`,
    ...byMethod,
    ...preflightRules(place, here),
  ];
}

/** A preflight has no credentials: the public listener answers it by the `cors` of the route. */
function preflightRules(place: RecipePlace, here: string): string[] {
  const methods = preflightedMethods(place);
  if (methods === null) return [];
  const condition = `if ${here} { method OPTIONS } { req.hdr(Origin) -m found } { req.hdr(Access-Control-Request-Method) -m reg '^${methods}$' }`;
  return [
    `  http-request set-var(txn.gatehouse_backend) str(gatehouse_public) ${condition}`,
    `  http-request unset-var(txn.gatehouse_door) ${condition}`,
  ];
}

/** Removes a field of what goes to some services. */
function removal(field: string, names: readonly string[]): string {
  const backends = [...new Set(names)].map((name) => `gatehouse_to_${name}`);
  return backends.length === 0
    ? ''
    : `  http-request del-header ${field} if { var(txn.gatehouse_backend) -m str ${backends.join(' ')} }`;
}

function serverAddress(address: Address): string {
  return address.kind === 'socket' ? `unix@${address.path}` : hostAndPort(address);
}

function backend(route: RecipeRoute): string {
  const { name, service, stripPrefix, preserveHost, maxBody, timeout, left } = route;
  const tls = service.isHttps
    ? ` ssl verify required ca-file @system-ca sni str(${service.hostname}) verifyhost ${service.hostname}`
    : '';
  return [
    '',
    `backend gatehouse_to_${name} from gatehouse`,
    ...left.map((option) => `  # Not here: ${option} of the route.`),
    ...(timeout === 60 ? [] : [`  timeout server ${timeout}s`]),
    ...(maxBody === null
      ? []
      : [`  http-request deny deny_status 413 if { req.hdr_val(Content-Length) gt ${maxBody} }`]),
    ...(preserveHost ? [] : [`  http-request set-header Host ${service.host}`]),
    ...(stripPrefix === '' ? [] : [`  http-request replace-path '^${literally(stripPrefix)}/*(.*)$' '/\\1'`]),
    ...(service.basePath === '' ? [] : [`  http-request replace-path '^(.*)$' '${service.basePath}\\1'`]),
    ...(service.isPlaceholder ? [`  ${PUT_THE_ADDRESS_HERE}`] : []),
    ...service.servers.map(
      ({ address, weight }, index) =>
        `  server s${index + 1} ${serverAddress(address)}${weight === 1 ? '' : ` weight ${weight}`}${tls}`,
    ),
  ].join('\n');
}
