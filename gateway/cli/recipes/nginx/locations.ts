import { literally, type RecipePlace, type RecipeRoute, usualRoute } from '../plan.ts';
import { preflightedMethods } from '../preflights.ts';
import type { Service } from '../service.ts';

/** What nginx asks about a request: the route by its name, or by path. */
export function doorMap({ id, routes }: RecipePlace): string {
  const byName = routes.map(({ name, methods }) => `"~^plain (?:${methods.join('|')})$" /auth-request/@${name};`);
  return `map "$gatehouse_reading $request_method" $gatehouse_door_${id} { ${byName.join(' ')} default /auth-request; }`;
}

/** Whether a request is a preflight of a route with `cors`. */
export function preflightMap(place: RecipePlace): string[] {
  const methods = preflightedMethods(place);
  const asked = '"$request_method $http_access_control_request_method $http_origin"';
  return methods === null
    ? []
    : [`map ${asked} $gatehouse_preflight_${place.id} { "~^OPTIONS ${methods} ." 1; default 0; }`];
}

/** What differs between the routes of one path. */
export function methodMaps(place: RecipePlace): string[] {
  const { id, routes } = place;
  const targets = routes.some(changesTarget)
    ? routes.map((route, index) => targetMap(route, `${id}_${index + 1}`))
    : [];
  return [
    ...targets,
    ...VARYING.flatMap(({ variable, valueFor }) => {
      const values = routes.map((route, index) => valueFor(route, `${id}_${index + 1}`));
      return new Set(values).size > 1 ? [byMethod(place, values, `${variable}_${id}`)] : [];
    }),
  ];
}

interface Varying {
  readonly variable: string;
  valueFor(route: RecipeRoute, id: string): string;
}

const VARYING: readonly Varying[] = [
  { variable: '$gatehouse_host', valueFor: hostValue },
  { variable: '$gatehouse_authorization', valueFor: authorizationValue },
  { variable: '$gatehouse_api_key', valueFor: apiKeyValue },
  { variable: '$gatehouse_method_is_fixed', valueFor: ({ methodIsFixed }) => (methodIsFixed ? '1' : '""') },
  { variable: '$gatehouse_to', valueFor: destination },
];

function byMethod(place: RecipePlace, values: readonly string[], variable: string): string {
  const { routes } = place;
  const usual = routes.findIndex(({ name }) => name === usualRoute(place)?.name);
  const rows = routes.flatMap(({ methods }, index) =>
    index === usual ? [] : methods.map((method) => `${method} ${values[index]};`),
  );
  return `map $request_method ${variable} { ${rows.join(' ')} default ${values[usual]}; }`;
}

function changesTarget({ stripPrefix, service }: RecipeRoute): boolean {
  return stripPrefix !== '' || service.basePath !== '';
}

/** The client's bytes without `stripPrefix`, behind the base path. `//` behind the prefix could be read as a host. */
function targetMap({ stripPrefix, service: { basePath } }: RecipeRoute, id: string): string {
  const rest = `$gatehouse_rest_${id}`;
  const named = `?<gatehouse_rest_${id}>`;
  const begin = `~^${literally(stripPrefix)}`;
  return `map $request_uri $gatehouse_target_${id} {
  "${begin}(${named}/(?!/).*)$" "${basePath}${rest}";
  "${begin}(${named}([?].*)?)$" "${basePath}/${rest}";
  default "${basePath}/";
}`;
}

function hostValue({ preserveHost, service }: RecipeRoute): string {
  return preserveHost ? '$gatehouse_client_host' : service.host;
}

function authorizationValue({ passAuthorization }: RecipeRoute): string {
  return passAuthorization ? '$http_authorization' : '""';
}

function apiKeyValue({ takesApiKey }: RecipeRoute): string {
  return takesApiKey ? '""' : '$http_x_api_key';
}

function destination(route: RecipeRoute, id: string): string {
  const { name, service } = route;
  const target = changesTarget(route) ? `$gatehouse_target_${id}` : '';
  return `${service.isHttps ? 'https' : 'http'}://gatehouse_to_${name}${target}`;
}

/** The location of a path whose requests are decided on. */
export function askedLocation(place: RecipePlace): string {
  const { id, routes } = place;
  const [first] = routes;
  if (first === undefined) return publicLocation(place);
  const timeout = Math.max(...routes.map((route) => route.timeout));
  const settings = VARYING.map(({ variable, valueFor }) => {
    const values = routes.map((route, index) => valueFor(route, `${id}_${index + 1}`));
    return { variable, value: new Set(values).size > 1 ? `${variable}_${id}` : (values[0] ?? '""') };
  });
  const to = settings.find(({ variable }) => variable === '$gatehouse_to')?.value;
  const left = routes.filter((route) => route.left.length > 0);
  return [
    `  ${locationHead(place.path)}`,
    ...left.map(({ name, left: options }) => `    # Not here: ${options.join(', ')} of the route ${name}.`),
    ...(preflightedMethods(place) === null ? [] : [`    if ($gatehouse_preflight_${id}) { return ${PREFLIGHT}; }`]),
    `    set $gatehouse_door $gatehouse_door_${id};`,
    ...settings
      .filter(({ variable }) => variable !== '$gatehouse_to')
      .map(({ variable, value }) => `    set ${variable} ${value};`),
    ...bodyLimit(routes),
    ...(timeout === 60 ? [] : [`    proxy_read_timeout ${timeout}s;`]),
    ...(routes.some(({ service }) => service.isHttps) ? tlsLines(first.service) : []),
    `    proxy_pass ${to};`,
    '  }',
  ].join('\n');
}

function bodyLimit(routes: readonly RecipeRoute[]): string[] {
  const limits = routes.map(({ maxBody }) => maxBody ?? Number.POSITIVE_INFINITY);
  const most = Math.max(...limits);
  return most === Number.POSITIVE_INFINITY ? [] : [`    client_max_body_size ${most};`];
}

function tlsLines({ hostname }: Service): string[] {
  return [
    '    proxy_ssl_server_name on;',
    `    proxy_ssl_name ${hostname};`,
    '    proxy_ssl_verify on;',
    '    proxy_ssl_verify_depth 4;',
    '    proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;',
  ];
}

/** A location on segment boundaries. nginx takes the first expression that matches, and the longest paths stand first. */
function locationHead(path: string): string {
  return path === '/' ? 'location / {' : `location ~ ^${literally(path)}(?:/|$) {`;
}

/** The location of a path that the public listener answers. */
export function publicLocation({ path }: RecipePlace): string {
  return publicBlock(locationHead(path));
}

/** A status that nothing else has: `if` chooses a location by it, since `auth_request` cannot depend on the request. */
const PREFLIGHT = 418;

/** Sends the preflights of routes with `cors` to the public listener. */
export function preflightLocation(places: readonly RecipePlace[]): string {
  if (places.every((place) => preflightedMethods(place) === null)) return '';
  const block = publicBlock('location @gatehouse_preflight {');
  return `  # A preflight has no credentials. The status is that of no service: those of services are not intercepted.
  error_page ${PREFLIGHT} = @gatehouse_preflight;
${block}
`;
}

function publicBlock(head: string): string {
  return `  ${head}
    # Gatehouse itself answers.
    auth_request off;
    set $gatehouse_host $gatehouse_client_host;
    set $gatehouse_authorization $http_authorization;
    set $gatehouse_api_key $http_x_api_key;
    set $gatehouse_method_is_fixed "";
    proxy_pass http://gatehouse_public;
  }`;
}
