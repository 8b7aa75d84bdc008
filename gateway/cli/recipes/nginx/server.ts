import { type ErrorCode, GatewayError } from '../../../domain/errors.ts';
import { IDENTITY_FIELDS } from '../../../fields/identity.ts';
import { METHOD_OVERRIDES, PATH_OVERRIDES } from '../../../fields/request.ts';
import { bodyOf } from '../own-answer.ts';
import type { RecipePlan, RecipeSite } from '../plan.ts';
import { askedLocation, preflightLocation, publicLocation } from './locations.ts';
import { overrideVariable, variableName } from './variables.ts';

/** The `server { }` of a host: what every location has in common, and what nginx answers itself. */
export function server({ host, places }: RecipeSite, { listen, cache }: RecipePlan): string {
  return `server {
  listen ${listen.replace(/^:/, '')}${host === null ? ' default_server' : ''};
  server_name ${host ?? '_'};

  # Fields such as X_User_Id and X.User.Id are dropped: many services read them as X-User-Id.
  underscores_in_headers off;
  ignore_invalid_headers on;
  # The longest target that Gatehouse takes.
  large_client_header_buffers 4 16k;

  # Every location asks, unless it says otherwise.
  auth_request /_gatehouse;
  auth_request_set $gatehouse_status $upstream_http_x_gatehouse_status;
  auth_request_set $gatehouse_body $upstream_http_x_gatehouse_body;
  auth_request_set $gatehouse_challenge $upstream_http_www_authenticate;
  auth_request_set $gatehouse_wait $upstream_http_retry_after;
  auth_request_set $gatehouse_allow $upstream_http_allow;
  auth_request_set $gatehouse_limit $upstream_http_ratelimit;
  auth_request_set $gatehouse_limit_policy $upstream_http_ratelimit_policy;
${IDENTITY_FIELDS.map((field) => `  auth_request_set ${identityVariable(field)} $upstream_http_${variableName(field)};`).join('\n')}
  error_page 401 403 = @gatehouse_refused;
  error_page 500 = @gatehouse_out;
  error_page 502 = @gatehouse_bad_gateway;
  error_page 504 = @gatehouse_timeout;

  # What services receive. The fields of the identity are always overwritten, with nothing where Gatehouse says nothing.
  # Locations set their variables: a "set" here would run again in the subrequest, and win.
  proxy_http_version 1.1;
  proxy_set_header Host $gatehouse_host;
  proxy_set_header Connection $gatehouse_connection;
  proxy_set_header Upgrade $gatehouse_upgrade;
${IDENTITY_FIELDS.map((field) => `  proxy_set_header ${field} ${identityVariable(field)};`).join('\n')}
${FURTHER_IDENTITIES.map((field) => `  proxy_set_header ${field} "";`).join('\n')}
  proxy_set_header Sec-WebSocket-Protocol $gatehouse_protocols;
${PATH_OVERRIDES.map((field) => `  proxy_set_header ${field} "";`).join('\n')}
${METHOD_OVERRIDES.map((field) => `  proxy_set_header ${field} ${overrideVariable(field)};`).join('\n')}
  proxy_set_header Authorization $gatehouse_authorization;
  proxy_set_header X-API-Key $gatehouse_api_key;
  proxy_set_header X-Request-Id $request_id;
  proxy_set_header X-Forwarded-For $remote_addr;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Host $gatehouse_client_host;
  proxy_set_header Forwarded "";
  # Bodies are streamed in both directions, of any length.
  client_max_body_size 0;
  proxy_request_buffering off;
  proxy_buffering off;

${places.map((place) => (place.routes.length > 0 ? askedLocation(place) : publicLocation(place))).join('\n')}
${preflightLocation(places)}  location = /_gatehouse {
    internal;
    proxy_pass http://gatehouse_decisions$gatehouse_door;
    proxy_http_version 1.1;
    proxy_pass_request_body off;
    proxy_set_header Host $gatehouse_client_host;
    proxy_set_header Connection "";
    proxy_set_header Content-Length "";
    proxy_set_header X-Original-Method $request_method;
    proxy_set_header X-Original-URI $request_uri;
    proxy_set_header X-Original-URL "";
    proxy_set_header X-Request-Id $request_id;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $gatehouse_client_host;
    proxy_set_header Forwarded "";
    proxy_connect_timeout 1s;
    proxy_read_timeout 30s;
    proxy_buffering on;
${cache > 0 ? cacheRules() : ''}  }

  # The answer of Gatehouse, which nginx itself reduces to 401 and 403.
  location @gatehouse_refused {
    auth_request off;
    default_type application/json;
    add_header WWW-Authenticate $gatehouse_other_challenge always;
    add_header Retry-After $gatehouse_wait always;
    add_header Allow $gatehouse_allow always;
    add_header RateLimit $gatehouse_limit always;
    add_header RateLimit-Policy $gatehouse_limit_policy always;
${ANSWER_FIELDS}
${REFUSALS.map((status) => `    if ($gatehouse_status = ${status}) { return ${status} $gatehouse_body; }`).join('\n')}
    return 403 $gatehouse_body;
  }

  # Gatehouse, or a store that it must ask, is out: nothing passes.
  location @gatehouse_out {
    auth_request off;
    default_type application/json;
    add_header Retry-After $gatehouse_retry always;
${ANSWER_FIELDS}
    if ($gatehouse_status = 500) { return 500 $gatehouse_body; }
    if ($gatehouse_status = 503) { return 503 $gatehouse_body; }
    return 503 '${bodyOf('service_unavailable')}';
  }
${ownAnswer('@gatehouse_bad_gateway', 'bad_gateway')}
${ownAnswer('@gatehouse_timeout', 'gateway_timeout')}
}
`;
}

/** Statuses that nginx does not take from a decision, and 401. */
const REFUSALS = [400, 401, 404, 405, 413, 414, 429, 431, 501];

/** Further fields of the family `X-User-*` that services read. nginx cannot remove a whole family. */
const FURTHER_IDENTITIES = [
  'X-User',
  'X-Userid',
  'X-Username',
  'X-User-Name',
  'X-User-Role',
  'X-User-Roles',
  'X-User-Token',
];

const ANSWER_FIELDS = `    add_header Cache-Control no-store always;
    add_header X-Content-Type-Options nosniff always;
    add_header X-Request-Id $request_id always;`;

function ownAnswer(name: string, code: ErrorCode): string {
  return `
  location ${name} {
    auth_request off;
    default_type application/json;
${ANSWER_FIELDS}
    return ${new GatewayError(code, '').status} '${bodyOf(code)}';
  }`;
}

/** The key has all that a decision by name, or by path, depends on. */
function cacheRules(): string {
  return `    proxy_cache gatehouse;
    proxy_cache_key "$gatehouse_door $host $gatehouse_asked $request_method $http_x_api_key $http_authorization";
    proxy_cache_lock on;
    proxy_cache_use_stale off;
    # What a browser sends may be the request of another site, which is decided each time.
    proxy_cache_bypass $http_origin $http_sec_fetch_site;
    proxy_no_cache $http_origin $http_sec_fetch_site;
`;
}

function identityVariable(field: string): string {
  return `$gatehouse_${variableName(field).replace(/^x_/, '')}`;
}
