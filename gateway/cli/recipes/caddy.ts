import { IDENTITY_FIELDS } from '../../fields/identity.ts';
import { METHOD_OVERRIDES, PATH_OVERRIDES } from '../../fields/request.ts';
import { NAME_IN_TRUSTED_PROXIES, PUT_THE_ADDRESS_HERE } from './notices.ts';
import { bodyOf } from './own-answer.ts';
import {
  DOTS_OR_SLASHES,
  literally,
  PLAIN_TARGET,
  type RecipePlace,
  type RecipePlan,
  type RecipeRoute,
  usualRoute,
} from './plan.ts';
import { preflightedMethods } from './preflights.ts';
import { type Address, hostAndPort } from './service.ts';

/**
 * The Caddyfile.
 *
 * Caddy matches paths decoded, without `//` and `..`, in any case, and forwards the target as it asks about it. For a plain target
 * both are the same. For others it asks by path, and a yes says that every reading of the path belongs to the same route.
 */
export function caddyRecipe(plan: RecipePlan): string {
  return `# Gatehouse decides on each request, and Caddy forwards it. Printed by "gatehouse recipe caddy"; a Caddyfile, or a part of one.
# For TLS, write the name of your host in place of http://:${plan.listen.replace(/^.*:/, '')}.
${plan.isTrusted ? '' : NAME_IN_TRUSTED_PROXIES}http://:${plan.listen.replace(/^.*:/, '')} {
${plan.listen.startsWith(':') ? '' : `\tbind ${plan.listen.replace(/:\d+$/, '')}\n`}	# In a route, the directives keep their order.
	route {
		# The identity is what Gatehouse says. Many services read X_User_Id and X.User.Id as X-User-Id too.
		request_header -X-User*
${SEPARATORS.map((separator) => `\t\trequest_header -X${separator}User*`).join('\n')}
		request_header -Forwarded
		# Some services read another path from these than the judged one.
${removals(PATH_OVERRIDES)
  .map((line) => `\t\t${line}`)
  .join('\n')}
		# "Connection: X-User-Id" would remove the identity. Only WebSockets are upgraded: "Upgrade: h2c" would open a tunnel.
		@gatehouse_socket expression \`{http.request.header.Upgrade}.matches("(?i)^websocket$")\`
		@gatehouse_no_socket expression \`!{http.request.header.Upgrade}.matches("(?i)^websocket$")\`
		request_header @gatehouse_socket Connection Upgrade
		request_header @gatehouse_no_socket -Connection
		request_header @gatehouse_no_socket -Upgrade
		request_header X-Request-Id {http.request.uuid}

		# A plain target is asked about by the name of its route. Any other is asked about by its path, with all rules of Gatehouse.
		@gatehouse_plain expression \`{http.request.uri}.matches("${PLAIN_TARGET}") && !{http.request.uri}.matches("${DOTS_OR_SLASHES}")\`
		vars gatehouse_reading odd
		vars @gatehouse_plain gatehouse_reading plain

${plan.sites.flatMap(({ host, places }) => places.map((place) => handle(plan, host, place))).join('\n')}
	}

	handle_errors {
		header Content-Type application/json
		header Cache-Control no-store
		header X-Content-Type-Options nosniff
		header X-Request-Id {http.request.uuid}
		@gatehouse_undecided vars {vars.gatehouse_stage} decision
		handle @gatehouse_undecided {
			header Retry-After 1
			respond \`${bodyOf('service_unavailable')}\` 503
		}
		@gatehouse_slow expression {http.error.status_code} == 504
		handle @gatehouse_slow {
			respond \`${bodyOf('gateway_timeout')}\` 504
		}
		@gatehouse_bad expression {http.error.status_code} == 502 || {http.error.status_code} == 503
		handle @gatehouse_bad {
			respond \`${bodyOf('bad_gateway')}\` 502
		}
		@gatehouse_large expression {http.error.status_code} == 413
		handle @gatehouse_large {
			respond \`${bodyOf('payload_too_large')}\` 413
		}
		respond "" {http.error.status_code}
	}
}
`;
}

/** What a field name may have between "X" and "User" besides "-" (RFC 9110 section 5.6.2). */
const SEPARATORS = [..."_.!#$%&'+^`|~"];

/** Removes fields, also as they are spelled for CGI programs. */
function removals(fields: readonly string[]): string[] {
  return fields.flatMap((field) => [`request_header -${field}`, `request_header -${field.replaceAll('-', '_')}`]);
}

function handle(plan: RecipePlan, host: string | null, place: RecipePlace): string {
  const lines = place.routes.length > 0 ? askedHandle(plan, place) : publicHandle(plan, place);
  return [...matcher(host, place), ...lines].map((line) => `\t\t${line}\n`).join('');
}

function askedHandle({ decisions, gateway }: RecipePlan, place: RecipePlace): string[] {
  const { id, routes } = place;
  return [
    `handle @gatehouse_place_${id} {`,
    '\troute {',
    ...preflightLines(place, gateway).map((line) => `\t\t${line}`),
    '\t\tvars gatehouse_stage decision',
    '\t\tvars gatehouse_door /forward-auth',
    ...routes.flatMap((route, index) => doorLines(route, `${id}_${index + 1}`).map((line) => `\t\t${line}`)),
    `\t\tforward_auth ${dial(decisions, false)} {`,
    '\t\t\turi {http.vars.gatehouse_door}',
    `\t\t\tcopy_headers ${IDENTITY_FIELDS.join(' ')}`,
    '\t\t\theader_up -Connection',
    '\t\t\theader_up -Upgrade',
    '\t\t\ttransport http {',
    '\t\t\t\tdial_timeout 1s',
    '\t\t\t\tresponse_header_timeout 30s',
    '\t\t\t\tkeepalive_idle_conns_per_host 64',
    '\t\t\t}',
    '\t\t}',
    ...IDENTITY_FIELDS.filter((field) => field !== 'X-User-Id').flatMap((field) => absentLines(field, id)),
    '\t\tvars gatehouse_stage service',
    ...routes
      .flatMap((route, index) =>
        routes.length === 1 ? serviceLines(route) : methodHandle(route, place, `${id}_${index + 1}`),
      )
      .map((line) => `\t\t${line}`),
    '\t}',
    '}',
  ];
}

/** Caddy 2.6 writes the name of its placeholder where the answer lacks the field. */
function absentLines(field: string, id: string): string[] {
  const name = `@gatehouse_no_${field.replace('X-User-', '').toLowerCase()}_${id}`;
  return [`\t\t${name} header_regexp ${field} ^[{]http`, `\t\trequest_header ${name} -${field}`];
}

function matcher(host: string | null, { id, path }: RecipePlace): string[] {
  return [
    `@gatehouse_place_${id} {`,
    ...(host === null ? [] : [`\t${hostMatcher(host)}`]),
    path === '/' ? '\tpath /*' : `\tpath ${path} ${path}/*`,
    '}',
  ];
}

function doorLines({ name, methods }: RecipeRoute, id: string): string[] {
  return [
    `@gatehouse_name_${id} {`,
    `\tmethod ${methods.join(' ')}`,
    '\tvars {http.vars.gatehouse_reading} plain',
    '}',
    `vars @gatehouse_name_${id} gatehouse_door /forward-auth/@${name}`,
  ];
}

/** The pattern of Caddy itself takes a single label in place of the asterisk. */
function hostMatcher(host: string): string {
  return host.startsWith('*.')
    ? `header_regexp Host (?i)^.+${literally(host.slice(1))}[.]?(?::[0-9]+)?$`
    : `host ${host} ${host}.`;
}

/** The route that takes other methods is the last handle, without a matcher. */
function methodHandle(route: RecipeRoute, place: RecipePlace, id: string): string[] {
  const service = serviceLines(route).map((line) => `\t\t${line}`);
  const body = ['\troute {', ...service, '\t}', '}'];
  return route === usualRoute(place)
    ? [
        `@gatehouse_service_${id} not method ${otherMethods(route, place.routes)}`,
        `handle @gatehouse_service_${id} {`,
        ...body,
      ]
    : [`@gatehouse_service_${id} method ${route.methods.join(' ')}`, `handle @gatehouse_service_${id} {`, ...body];
}

function otherMethods(route: RecipeRoute, routes: readonly RecipeRoute[]): string {
  return routes
    .filter((other) => other !== route)
    .flatMap(({ methods }) => methods)
    .join(' ');
}

function serviceLines(route: RecipeRoute): string[] {
  const { name, service, stripPrefix, preserveHost, passAuthorization, takesApiKey, methodIsFixed } = route;
  const { maxBody, timeout, left } = route;
  return [
    ...left.map((option) => `# Not here: ${option} of the route ${name}.`),
    ...(passAuthorization ? [] : ['request_header -Authorization']),
    ...(takesApiKey ? ['request_header -X-API-Key'] : []),
    ...(methodIsFixed ? removals(METHOD_OVERRIDES) : []),
    '# A token of a WebSocket is for Gatehouse alone: the first entry of the list, or a later one.',
    // Caddy 2.6 takes no empty replacement.
    'request_header Sec-WebSocket-Protocol "(?i)^[ \\t,]*gatehouse[.]bearer[.][^,]*[ \\t,]*(.*)$" "$1"',
    'request_header Sec-WebSocket-Protocol "(?i)^(.*[^ \\t,])[ \\t]*,[ \\t]*gatehouse[.]bearer[.][^,]*(.*)$" "$1$2"',
    ...(maxBody === null ? [] : ['request_body {', `\tmax_size ${maxBody}`, '}']),
    ...(stripPrefix === '' ? [] : [`uri strip_prefix ${stripPrefix}`]),
    ...(service.basePath === '' ? [] : [`rewrite * ${service.basePath}{uri}`]),
    ...(service.isPlaceholder ? [PUT_THE_ADDRESS_HERE] : []),
    `reverse_proxy ${service.servers.map(({ address }) => dial(address, service.isHttps)).join(' ')} {`,
    ...(service.servers.length > 1 ? ['\tlb_policy round_robin'] : []),
    ...(preserveHost ? [] : [`\theader_up Host ${service.host}`]),
    '\tflush_interval -1',
    '\ttransport http {',
    ...(service.isHttps ? ['\t\ttls', `\t\ttls_server_name ${service.hostname}`] : []),
    `\t\tresponse_header_timeout ${timeout}s`,
    // Or Caddy would ask the service for gzip, which the client has not asked for.
    '\t\tcompression off',
    '\t}',
    '}',
  ];
}

function publicHandle({ gateway }: RecipePlan, { id }: RecipePlace): string[] {
  return [
    `handle @gatehouse_place_${id} {`,
    '\t# Gatehouse itself answers.',
    ...publicProxy('', gateway).map((line) => `\t${line}`),
    '}',
  ];
}

/** A preflight has no credentials: Gatehouse answers it by the `cors` of the route. */
function preflightLines(place: RecipePlace, gateway: Address): string[] {
  const methods = preflightedMethods(place);
  const matcher = `@gatehouse_preflight_${place.id}`;
  return methods === null
    ? []
    : [
        `${matcher} {`,
        '\tmethod OPTIONS',
        '\theader Origin *',
        `\theader_regexp Access-Control-Request-Method ^${methods}$`,
        '}',
        ...publicProxy(`${matcher} `, gateway),
      ];
}

/** @param matcher which requests, with a space behind it; empty: all */
function publicProxy(matcher: string, gateway: Address): string[] {
  return [
    `reverse_proxy ${matcher}${dial(gateway, false)} {`,
    '\tflush_interval -1',
    '\ttransport http {',
    '\t\tcompression off',
    '\t}',
    '}',
  ];
}

function dial(address: Address, isHttps: boolean): string {
  if (address.kind === 'socket') return `unix/${address.path}`;
  return isHttps ? `https://${hostAndPort(address)}` : hostAndPort(address);
}
