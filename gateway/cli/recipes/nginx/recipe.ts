import { METHOD_OVERRIDES } from '../../../fields/request.ts';
import { NAME_IN_TRUSTED_PROXIES, PUT_THE_ADDRESS_HERE } from '../notices.ts';
import { DOTS_OR_SLASHES, PLAIN_TARGET, placesOf, type RecipePlan, type RecipeRoute, routesOfAll } from '../plan.ts';
import { serverAddress } from './address.ts';
import { doorMap, methodMaps, preflightMap } from './locations.ts';
import { server } from './server.ts';
import { overrideVariable, requestVariable } from './variables.ts';

/**
 * The configuration of nginx: a file for `http { }`, such as one in `/etc/nginx/conf.d/`.
 *
 * nginx finds the location by the path that it has decoded, and forwards the bytes of the client. Both are the same for a plain
 * target. For others it asks by path, and a yes says that every reading of the path belongs to the same route.
 */
export function nginxRecipe(plan: RecipePlan): string {
  const asked = placesOf(plan).filter(({ routes }) => routes.length > 0);
  const caches = plan.cache > 0;
  return `# Gatehouse decides on each request, and nginx forwards it. Printed by "gatehouse recipe nginx"; for http { }, such as
# /etc/nginx/conf.d/gatehouse.conf. TLS, server_name and logs are yours to add to server { }, which must be the default server of
# its port: nginx takes underscores_in_headers and ignore_invalid_headers from there.
${plan.isTrusted ? '' : `#\n${NAME_IN_TRUSTED_PROXIES}`}
${caches ? cachePath(plan) : ''}upstream gatehouse_decisions { server ${serverAddress(plan.decisions)}; keepalive 64; }
upstream gatehouse_public { server ${serverAddress(plan.gateway)}; keepalive 16; }
${routesOfAll(plan).map(upstreamBlock).join('\n')}

# The host by which nginx has chosen the server, with its port: the target "http://other.example/" chooses another than Host does.
map "$host $http_host" $gatehouse_client_host { "~*^([^ ]+) \\1(?::[0-9]+)?$" $http_host; default $host; }
map $gatehouse_wait $gatehouse_retry { "" 1; default $gatehouse_wait; }
# With 401, nginx itself copies the challenges (before 1.23 only the first).
map $gatehouse_status $gatehouse_other_challenge { 401 ""; default $gatehouse_challenge; }

# Only WebSockets are upgraded: a service that took "Upgrade: h2c" would open a tunnel past every decision.
map $http_upgrade $gatehouse_upgrade { "~*^websocket$" websocket; default ""; }
map $gatehouse_upgrade $gatehouse_connection { websocket upgrade; default ""; }

# A token of a WebSocket is for Gatehouse alone: the first entry of the list, or a later one.
map $http_sec_websocket_protocol $gatehouse_protocols {
  "~*^[ \\t,]*gatehouse[.]bearer[.][^,]*[ \\t,]*(?<gatehouse_others>.*)$" $gatehouse_others;
  "~*^(?<gatehouse_before>.*[^ \\t,])[ \\t]*,[ \\t]*gatehouse[.]bearer[.][^,]*(?<gatehouse_after>.*)$" $gatehouse_before$gatehouse_after;
  default $http_sec_websocket_protocol;
}

# Where a route lists its methods, no field tells the service of another one.
${METHOD_OVERRIDES.map((field) => `map $gatehouse_method_is_fixed ${overrideVariable(field)} { 1 ""; default ${requestVariable(field)}; }`).join('\n')}

# A plain target is asked about by the name of its route. Any other is asked about by its path, with all rules of Gatehouse.
map $request_uri $gatehouse_reading { "~${DOTS_OR_SLASHES}" odd; "~${PLAIN_TARGET}" plain; default odd; }
${asked.map(doorMap).join('\n')}
${[...asked.flatMap(preflightMap), ...asked.flatMap(methodMaps)].join('\n')}
${caches ? ASKED_PATH : ''}
${plan.sites.map((site) => server(site, plan)).join('\n')}`;
}

function cachePath({ decisions }: RecipePlan): string {
  const name = decisions.kind === 'port' ? String(decisions.port) : decisions.path.replace(/[^A-Za-z0-9]+/g, '-');
  return `
# A yes is kept for as long as Gatehouse says. The files have credentials in them: they are in memory, for the user of nginx alone.
proxy_cache_path /dev/shm/gatehouse-${name} levels=1:2 keys_zone=gatehouse:10m max_size=64m inactive=60s use_temp_path=off;
`;
}

const ASKED_PATH = `# By name the path has no part in the decision.
map $gatehouse_door $gatehouse_asked { /auth-request $request_uri; default ""; }
`;

function upstreamBlock({ name, service }: RecipeRoute): string {
  const servers = service.servers.map(
    ({ address, weight }) => `  server ${serverAddress(address)}${weight === 1 ? '' : ` weight=${weight}`};`,
  );
  return [
    `upstream gatehouse_to_${name} {`,
    ...(service.isPlaceholder ? [`  ${PUT_THE_ADDRESS_HERE}`] : []),
    ...servers,
    '  keepalive 64;',
    '}',
  ].join('\n');
}
