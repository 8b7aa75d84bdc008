import { stringify } from 'yaml';
import { NAME_IN_TRUSTED_PROXIES, PORT_9_STANDS_FOR_SERVICES } from './notices.ts';
import {
  DOTS_OR_SLASHES,
  literally,
  PLAIN_PATH,
  type RecipePlace,
  type RecipePlan,
  type RecipeRoute,
  routesOfAll,
  usualRoute,
} from './plan.ts';
import { type Address, hostAndPort } from './service.ts';

/** A part of the YAML. */
type Node = Readonly<Record<string, unknown>>;

/**
 * The dynamic configuration of Traefik 3, for its file provider.
 *
 * Traefik matches paths with all but the reserved characters decoded, and forwards the target of the client. Where both are a
 * plain target it asks by the name of the route, otherwise by path.
 */
export function traefikRecipe(plan: RecipePlan): string {
  const routes = routesOfAll(plan);
  const configuration = {
    http: {
      routers: Object.assign(
        {},
        ...plan.sites.flatMap(({ host, places }) => places.map((place) => routersOf(host, place))),
      ),
      middlewares: {
        ...decision('gatehouse', '/forward-auth', plan, false),
        ...decision('gatehouse-passing', '/forward-auth', plan, true),
        ...Object.assign({}, ...routes.map((route) => middlewaresOf(route, plan))),
      },
      services: {
        'gatehouse-public': { loadBalancer: { servers: [{ url: `http://${addressText(plan.gateway)}` }] } },
        ...Object.assign({}, ...routes.map((route) => serviceOf(route))),
      },
    },
  };
  return `# Gatehouse decides on each request, and Traefik forwards it. Printed by "gatehouse recipe traefik"; for the file provider.
# The static configuration needs the entry point, which must not believe X-Forwarded-* of clients:
#
#   entryPoints:
#     gatehouse:
#       address: "${plan.listen}"
#       # From 3.6 on; until then services must not read X_User_Id.
#       underscoreHeadersStrategy: delete
#
${plan.isTrusted ? '' : NAME_IN_TRUSTED_PROXIES}${plan.decisions.kind === 'socket' ? SOCKET : ''}${routes.some(({ service }) => service.isPlaceholder) ? PORT_9_STANDS_FOR_SERVICES : ''}${stringify(configuration, { lineWidth: 0 })}`;
}

const SOCKET = `# Traefik cannot ask over a Unix socket: give decisions a host and a port.
`;

function routersOf(host: string | null, place: RecipePlace): Node {
  const { id, path, routes } = place;
  const within = [...(host === null ? [] : [hostRule(host)]), placeRule(path)].join(' && ');
  const priority = priorityOf(host) + 10 * path.length;
  if (routes.length === 0) {
    return {
      [`gatehouse-public-${id}`]: {
        entryPoints: ['gatehouse'],
        rule: within,
        priority: priority + 1,
        service: 'gatehouse-public',
      },
    };
  }
  return Object.assign({}, ...routes.map((route) => routersOfRoute(route, within, priority, place)));
}

/** One for plain targets, which asks by name, and one for all others. */
function routersOfRoute(route: RecipeRoute, within: string, priority: number, place: RecipePlace): Node {
  const { name, methods, passAuthorization } = route;
  const byMethod = methods.map((method) => `Method(\`${method}\`)`).join(' || ');
  const common = { entryPoints: ['gatehouse'], service: `gatehouse-to-${name}` };
  const isUsual = route === usualRoute(place);
  return {
    [`${name}-${place.id}`]: {
      ...common,
      rule: `${within} && (${byMethod}) && PathRegexp(\`${PLAIN_PATH}$\`) && !PathRegexp(\`${DOTS_OR_SLASHES}\`)`,
      priority: priority + 3,
      middlewares: [`gatehouse-${name}`, ...rewriting(route)],
    },
    [`${name}-${place.id}-by-path`]: {
      ...common,
      rule: isUsual ? within : `${within} && (${byMethod})`,
      priority: priority + (isUsual ? 1 : 2),
      middlewares: [passAuthorization ? 'gatehouse-passing' : 'gatehouse', ...rewriting(route)],
    },
  };
}

/** Above all paths, which are shorter than 8 KB: an exact host, then a longer domain, then every host. */
function priorityOf(host: string | null): number {
  if (host === null) return 0;
  return 100_000 * (host.startsWith('*.') ? host.length : 1_000);
}

function hostRule(host: string): string {
  return host.startsWith('*.') ? `HostRegexp(\`^.+${literally(host.slice(1))}$\`)` : `Host(\`${host}\`)`;
}

function placeRule(path: string): string {
  return path === '/' ? 'PathPrefix(`/`)' : `(Path(\`${path}\`) || PathPrefix(\`${path}/\`))`;
}

/** @param passes whether the service receives `Authorization` */
function decision(name: string, door: string, { decisions }: RecipePlan, passes: boolean): Node {
  return {
    [name]: {
      forwardAuth: {
        address: `http://${addressText(decisions)}${door}`,
        // Whatever the client says of its request is replaced (CVE-2026-40575).
        trustForwardHeader: false,
        maxResponseBodySize: 65_536,
        // Deleted from the request, in every spelling, and then set to what the answer says.
        authResponseHeadersRegex: '(?i)^x[^a-z0-9]*user',
        ...(passes ? {} : { authResponseHeaders: ['Authorization'] }),
      },
    },
  };
}

function middlewaresOf(route: RecipeRoute, plan: RecipePlan): Node {
  const { name, stripPrefix, service, takesApiKey, passAuthorization } = route;
  return {
    ...decision(`gatehouse-${name}`, `/forward-auth/@${name}`, plan, passAuthorization),
    ...(stripPrefix === '' ? {} : { [`gatehouse-strip-${name}`]: { stripPrefix: { prefixes: [stripPrefix] } } }),
    ...(service.basePath === '' ? {} : { [`gatehouse-base-${name}`]: { addPrefix: { prefix: service.basePath } } }),
    ...(takesApiKey ? { [`gatehouse-key-${name}`]: { headers: { customRequestHeaders: { 'X-API-Key': '' } } } } : {}),
  };
}

function rewriting({ name, stripPrefix, service, takesApiKey }: RecipeRoute): string[] {
  return [
    ...(takesApiKey ? [`gatehouse-key-${name}`] : []),
    ...(stripPrefix === '' ? [] : [`gatehouse-strip-${name}`]),
    ...(service.basePath === '' ? [] : [`gatehouse-base-${name}`]),
  ];
}

function serviceOf({ name, service, preserveHost }: RecipeRoute): Node {
  const servers = service.servers.map(({ address, weight }) => ({
    url: `${service.isHttps ? 'https' : 'http'}://${addressText(address)}`,
    ...(weight === 1 ? {} : { weight }),
  }));
  return { [`gatehouse-to-${name}`]: { loadBalancer: { passHostHeader: preserveHost, servers } } };
}

function addressText(address: Address): string {
  return address.kind === 'socket' ? 'localhost:9' : hostAndPort(address);
}
