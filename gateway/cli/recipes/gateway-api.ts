import { stringify } from 'yaml';
import { type RecipePlace, type RecipePlan, type RecipeRoute, routesOfAll, usualRoute } from './plan.ts';
import type { Address } from './service.ts';

type Node = Readonly<Record<string, unknown>>;

/**
 * HTTPRoutes of the Kubernetes Gateway API with an ExternalAuth filter (experimental channel, GEP-1494), one for each path. The
 * gateway puts `/ext-authz` before the path and asks with the method of the client, so that Gatehouse finds the route.
 */
export function gatewayApiRecipe(plan: RecipePlan): string {
  const routes = routesOfAll(plan);
  const documents = plan.sites.flatMap(({ host, places }) => places.map((place) => httpRoute(host, place, plan)));
  return `# Gatehouse decides on each request, and your gateway forwards it. Printed by "gatehouse recipe gateway-api"; needs the experimental
# channel of the Gateway API, and an implementation with the feature HTTPRouteExternalAuth.
# Fill in: the name of your Gateway in parentRefs, and the Service "gatehouse" with the ports of the public listener and of
# decisions; decisions.peers must name the pods of the gateway. Gatehouse runs in the namespace of these routes.
# Whether the gateway drops X_User_Id and X.User.Id, which many services read as X-User-Id, is a matter of the implementation.
${plan.decisions.kind === 'socket' ? SOCKET : ''}${plan.isTrusted ? '' : TRUST}${routes.some(({ service }) => nameOf(service.host) === null) ? PLACEHOLDER : ''}${documents.map((document) => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n')}`;
}

const SOCKET = `# A gateway of the cluster cannot ask over a Unix socket: give decisions a host, a port and peers.
`;
const TRUST = `# Name the pods of the gateway in trustedProxies: the token endpoints and pages then know the clients' addresses.
`;
const PLACEHOLDER = `# A Service named like a route stands for one whose name Gatehouse does not know.
`;

const SENT = [
  ...['X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Request-Id', 'X-API-Key'],
  ...['Origin', 'Sec-Fetch-Site', 'Sec-Fetch-Mode', 'Sec-WebSocket-Key'],
];

function httpRoute(host: string | null, place: RecipePlace, plan: RecipePlan): Node {
  const { id, path, routes } = place;
  const usual = usualRoute(place);
  const rules =
    routes.length === 0
      ? [{ matches: [matchOf(path)], backendRefs: [{ name: 'gatehouse', port: portOf(plan.gateway) }] }]
      : routes.map((route) => ({
          matches: route === usual ? [matchOf(path)] : route.methods.map((method) => ({ ...matchOf(path), method })),
          filters: [externalAuth(plan), ...rewriting(route, path)],
          backendRefs: [backendOf(route)],
        }));
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: `gatehouse-${id.replace('_', '-')}` },
    spec: { parentRefs: [{ name: 'gateway' }], ...(host === null ? {} : { hostnames: [host] }), rules },
  };
}

function matchOf(path: string): Node {
  return { path: { type: 'PathPrefix', value: path } };
}

function externalAuth({ decisions }: RecipePlan): Node {
  return {
    type: 'ExternalAuth',
    externalAuth: {
      protocol: 'HTTP',
      backendRef: { name: 'gatehouse', port: portOf(decisions) },
      // Without allowedResponseHeaders, all fields of the answer are copied: X-User-Id is always one of them.
      http: { path: '/ext-authz', allowedHeaders: SENT },
    },
  };
}

function rewriting({ stripPrefix, service, preserveHost }: RecipeRoute, path: string): Node[] {
  const changesPath = stripPrefix !== '' || service.basePath !== '';
  const { hostname } = service;
  const replacePrefixMatch = service.basePath + path.slice(stripPrefix.length) || '/';
  const urlRewrite = {
    ...(preserveHost || nameOf(service.host) === null ? {} : { hostname }),
    ...(changesPath ? { path: { type: 'ReplacePrefixMatch', replacePrefixMatch } } : {}),
  };
  return Object.keys(urlRewrite).length === 0 ? [] : [{ type: 'URLRewrite', urlRewrite }];
}

function backendOf({ name, service }: RecipeRoute): Node {
  const [first] = service.servers;
  const known = nameOf(service.host);
  const port = known === null || first === undefined ? 80 : portOf(first.address);
  const [serviceName = name, namespace] = (known ?? name).split('.');
  return { name: serviceName, ...(namespace === undefined ? {} : { namespace }), port };
}

/** The host of a service, if it is a name that the cluster knows; null for an address. */
function nameOf(host: string): string | null {
  const name = host.replace(/:\d+$/, '');
  return /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+(?:\.svc(?:\.cluster\.local)?)?)?$/.test(name) && name !== 'localhost'
    ? name
    : null;
}

function portOf(address: Address): number {
  return address.kind === 'port' ? address.port : 8082;
}
