import { stringify } from 'yaml';
import { IDENTITY_FIELDS_IN_LOWER_CASE } from '../../fields/identity.ts';
import { PORT_9_STANDS_FOR_SERVICES } from './notices.ts';
import { literally, type RecipePlace, type RecipePlan, type RecipeRoute, routesOfAll, usualRoute } from './plan.ts';
import type { Address } from './service.ts';

type Node = Readonly<Record<string, unknown>>;

/**
 * The static configuration of Envoy.
 *
 * Its ext_authz filter puts a prefix before the path and asks with the method of the client, so that Gatehouse finds the route. The
 * path is normalised before, so that what is judged is what is routed and forwarded.
 */
export function envoyRecipe(plan: RecipePlan): string {
  const routes = routesOfAll(plan);
  const configuration = {
    static_resources: {
      listeners: [
        {
          name: 'gatehouse',
          address: socketAddress(listenAddress(plan.listen)),
          filter_chains: [
            { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager(plan) }] },
          ],
        },
      ],
      clusters: [
        cluster('gatehouse_decisions', [{ address: plan.decisions, weight: 1 }], null),
        cluster('gatehouse_public', [{ address: plan.gateway, weight: 1 }], null),
        ...routes.map(({ name, service }) =>
          cluster(`gatehouse_to_${name}`, service.servers, service.isHttps ? service.hostname : null),
        ),
      ],
    },
  };
  return `# Gatehouse decides on each request, and Envoy forwards it. Printed by "gatehouse recipe envoy"; needs Envoy 1.34 or later, which
# can remove the fields of a family (remove_on_match).
${plan.isTrusted ? '' : TRUST}${routes.some(({ service }) => service.isPlaceholder) ? PORT_9_STANDS_FOR_SERVICES : ''}${stringify(configuration, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

const TRUST = `# Name the address of Envoy in trustedProxies of Gatehouse's configuration. Envoy appends it to X-Forwarded-For when it asks: otherwise
# all clients would count as one.
`;

function manager({ sites }: RecipePlan): Node {
  return {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'gatehouse',
    // X-Forwarded-For is the address of the client, whatever it claims itself.
    use_remote_address: true,
    xff_num_trusted_hops: 0,
    strip_any_host_port: true,
    normalize_path: true,
    merge_slashes: false,
    path_with_escaped_slashes_action: 'REJECT_REQUEST',
    // X_User_Id is what many services read as X-User-Id.
    common_http_protocol_options: { headers_with_underscores_action: 'DROP_HEADER' },
    max_request_headers_kb: 60,
    stream_idle_timeout: '3600s',
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    route_config: {
      name: 'gatehouse',
      // Envoy takes an exact domain first, then the longest suffix.
      virtual_hosts: sites.map(({ host, places }, index) => ({
        name: `gatehouse_${index + 1}`,
        domains: [host ?? '*'],
        routes: places.flatMap(routesOf),
      })),
    },
    http_filters: [dropIdentity(), askGatehouse(), router()],
  };
}

function dropIdentity(): Node {
  const type = 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation';
  return {
    name: 'envoy.filters.http.header_mutation',
    typed_config: {
      '@type': `type.googleapis.com/${type}`,
      mutations: {
        request_mutations: [{ remove_on_match: { key_matcher: { safe_regex: { regex: 'x[^a-z0-9]*user.*' } } } }],
      },
    },
  };
}

/** Fields of the client that Gatehouse reads, besides those that Envoy sends always. */
const SENT = [
  ...['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-request-id', 'traceparent', 'tracestate'],
  ...['x-api-key', 'origin', 'sec-fetch-site', 'sec-fetch-mode', 'sec-websocket-key'],
];
/** Fields of a refusal that the client gets. */
const TOLD = [
  ...['content-type', 'www-authenticate', 'retry-after', 'allow', 'cache-control', 'x-content-type-options'],
  ...['x-request-id', 'strict-transport-security', 'ratelimit', 'ratelimit-policy'],
];

function askGatehouse(): Node {
  return {
    name: 'envoy.filters.http.ext_authz',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz',
      transport_api_version: 'V3',
      failure_mode_allow: false,
      status_on_error: { code: 'ServiceUnavailable' },
      http_service: {
        server_uri: { uri: 'http://gatehouse', cluster: 'gatehouse_decisions', timeout: '30s' },
        path_prefix: '/ext-authz',
        authorization_response: {
          allowed_upstream_headers: exactly(IDENTITY_FIELDS_IN_LOWER_CASE),
          allowed_client_headers: exactly(TOLD),
        },
      },
      allowed_headers: exactly(SENT),
    },
  };
}

function exactly(names: readonly string[]): Node {
  return { patterns: names.map((exact) => ({ exact })) };
}

function router(): Node {
  return {
    name: 'envoy.filters.http.router',
    typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
  };
}

/** Envoy takes the first route that matches. */
function routesOf(place: RecipePlace): Node[] {
  const { path, routes } = place;
  if (routes.length === 0)
    return [{ match: matchOf(path), route: { cluster: 'gatehouse_public', timeout: '0s' }, ...UNASKED }];
  const usual = usualRoute(place);
  const others = routes.filter((route) => route !== usual);
  return [
    ...others.map((route) => ({ match: { ...matchOf(path), headers: [methodOf(route)] }, ...action(route) })),
    ...(usual === undefined ? [] : [{ match: matchOf(path), ...action(usual) }]),
  ];
}

const UNASKED = {
  typed_per_filter_config: {
    'envoy.filters.http.ext_authz': {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute',
      disabled: true,
    },
  },
};

function matchOf(path: string): Node {
  return path === '/' ? { prefix: '/' } : { path_separated_prefix: path };
}

function methodOf({ methods }: RecipeRoute): Node {
  return { name: ':method', string_match: { safe_regex: { regex: methods.join('|') } } };
}

function action({ name, service, stripPrefix, preserveHost, takesApiKey }: RecipeRoute): Node {
  const changes = stripPrefix !== '' || service.basePath !== '';
  return {
    route: {
      cluster: `gatehouse_to_${name}`,
      // Uploads and streams take as long as they take; stream_idle_timeout ends what has stopped.
      timeout: '0s',
      ...(preserveHost ? {} : { host_rewrite_literal: service.host }),
      ...(changes
        ? {
            regex_rewrite: { pattern: { regex: `^${literally(stripPrefix)}/*` }, substitution: `${service.basePath}/` },
          }
        : {}),
    },
    ...(takesApiKey ? { request_headers_to_remove: ['x-api-key'] } : {}),
  };
}

function cluster(name: string, servers: readonly { address: Address; weight: number }[], tlsHost: string | null): Node {
  return {
    name,
    connect_timeout: '3s',
    type: 'STRICT_DNS',
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: servers.map(({ address, weight }) => ({
            endpoint: { address: socketAddress(address) },
            ...(weight === 1 ? {} : { load_balancing_weight: weight }),
          })),
        },
      ],
    },
    ...(tlsHost === null ? {} : { transport_socket: tlsTo(tlsHost) }),
  };
}

function tlsTo(host: string): Node {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      sni: host,
      common_tls_context: {
        validation_context: {
          trusted_ca: { filename: '/etc/ssl/certs/ca-certificates.crt' },
          match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: host } }],
        },
      },
    },
  };
}

function listenAddress(listen: string): Address {
  const { hostname, port } = new URL(`http://${listen.startsWith(':') ? `0.0.0.0${listen}` : listen}`);
  return { kind: 'port', host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) };
}

function socketAddress(address: Address): Node {
  return address.kind === 'socket'
    ? { pipe: { path: address.path } }
    : { socket_address: { address: address.host, port_value: address.port } };
}
