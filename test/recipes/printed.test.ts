import test from 'ava';
import { parse, parseAllDocuments } from 'yaml';
import { envoyRecipe } from '../../gateway/cli/recipes/envoy.ts';
import { gatewayApiRecipe } from '../../gateway/cli/recipes/gateway-api.ts';
import { nginxRecipe } from '../../gateway/cli/recipes/nginx/recipe.ts';
import { recipePlan } from '../../gateway/cli/recipes/plan.ts';
import { traefikRecipe } from '../../gateway/cli/recipes/traefik.ts';
import { checkSettings } from '../../gateway/settings/read/check.ts';
import { CONFIG } from '../support/recipes/configuration.ts';

const checked = checkSettings(CONFIG, 'test.yaml', {});
if (checked.kind === 'invalid' || checked.settings.decisions === undefined) throw new Error(JSON.stringify(checked));
const plan = recipePlan({ ...checked.settings, assertion: null }, checked.settings.decisions, ':80');

test('the recipe of nginx keeps a yes in memory, under all that it depends on, if decisions.cache is set', (t) => {
  const stdout = nginxRecipe(plan);
  t.regex(stdout, /^proxy_cache_path \/dev\/shm\/gatehouse-8092 /m);
  t.regex(
    stdout,
    /proxy_cache_key "\$gatehouse_door \$host \$gatehouse_asked \$request_method \$http_x_api_key \$http_authorization";/,
  );
  t.regex(stdout, /proxy_cache_use_stale off;/);
  t.notRegex(nginxRecipe({ ...plan, cache: 0 }), /proxy_cache/);
});

test('Traefik deletes the identity and the credential of the client, and asks by name for plain paths alone', (t) => {
  const { http } = parse(traefikRecipe(plan)) as Traefik;
  for (const [name, { forwardAuth }] of Object.entries(http.middlewares)) {
    if (forwardAuth === undefined) continue;
    t.is(forwardAuth.trustForwardHeader, false, name);
    const regex = new RegExp(forwardAuth.authResponseHeadersRegex.replace('(?i)', ''), 'i');
    for (const field of ['X-User-Id', 'X_user_id', 'X.user.id', 'X-User-Anything']) t.regex(field, regex, name);
    t.deepEqual(forwardAuth.authResponseHeaders, /passing|write/.test(name) ? undefined : ['Authorization'], name);
  }
  const ofOrders = Object.entries(http.routers).filter(([, { service }]) => service === 'gatehouse-to-orders');
  const byName = ofOrders.find(([name]) => !name.endsWith('-by-path'))?.[1];
  t.is(
    http.middlewares[byName?.middlewares?.[0] ?? '']?.forwardAuth?.address,
    'http://127.0.0.1:8092/forward-auth/@orders',
  );
  t.regex(byName?.rule ?? '', /PathRegexp\(`\^\/\[a-z0-9\._~\/-\]\*\$`\) && !PathRegexp/);
  const byPath = ofOrders.find(([name]) => name.endsWith('-by-path'))?.[1];
  t.is(http.middlewares[byPath?.middlewares?.[0] ?? '']?.forwardAuth?.address, 'http://127.0.0.1:8092/forward-auth');
  t.true((byPath?.priority ?? 0) < (byName?.priority ?? 0));
  const tokens = Object.values(http.routers).find(
    ({ rule, service }) => service === 'gatehouse-public' && rule.includes('/tokens'),
  );
  t.is(tokens?.middlewares, undefined);
  t.deepEqual(http.services['gatehouse-public']?.loadBalancer.servers, [{ url: 'http://127.0.0.1:8090' }]);
  const names = Object.values(http.routers).flatMap(({ middlewares = [] }) => middlewares);
  t.deepEqual(
    names.filter((name) => !(name in http.middlewares)),
    [],
  );
  t.deepEqual(
    Object.values(http.routers).filter(({ service }) => !(service in http.services)),
    [],
  );
});

interface Traefik {
  readonly http: {
    readonly routers: Record<string, { rule: string; priority: number; service: string; middlewares?: string[] }>;
    readonly middlewares: Record<
      string,
      {
        forwardAuth?: {
          address: string;
          trustForwardHeader: boolean;
          authResponseHeaders?: string[];
          authResponseHeadersRegex: string;
        };
      }
    >;
    readonly services: Record<string, { loadBalancer: { servers: { url: string }[] } }>;
  };
}

test('Envoy drops the identity before it asks, asks with a prefix, and lets nothing pass without an answer', (t) => {
  const { static_resources } = parse(envoyRecipe(plan)) as Envoy;
  const manager = static_resources.listeners[0]?.filter_chains[0]?.filters[0]?.typed_config;
  t.deepEqual(
    manager?.http_filters.map(({ name }) => name),
    ['envoy.filters.http.header_mutation', 'envoy.filters.http.ext_authz', 'envoy.filters.http.router'],
  );
  const authz = manager?.http_filters[1]?.typed_config;
  t.is(authz?.failure_mode_allow, false);
  t.is(authz?.http_service?.path_prefix, '/ext-authz');
  t.deepEqual(authz?.allowed_headers?.patterns[0], { exact: 'x-forwarded-for' });
  t.true(manager?.normalize_path);
  t.deepEqual(
    manager?.route_config.virtual_hosts.map(({ domains }) => domains),
    [['*.shop.example'], ['*']],
  );
  const clusters = static_resources.clusters.map(({ name }) => name);
  const routed = manager?.route_config.virtual_hosts.flatMap(({ routes }) => routes) ?? [];
  t.deepEqual(
    routed.filter(({ route }) => !clusters.includes(route.cluster)),
    [],
  );
  const unasked = routed.filter(({ typed_per_filter_config }) => typed_per_filter_config !== undefined);
  t.true(unasked.length > 0);
  t.true(unasked.every(({ route }) => route.cluster === 'gatehouse_public'));
});

interface Envoy {
  readonly static_resources: {
    readonly listeners: {
      filter_chains: {
        filters: {
          typed_config: {
            normalize_path: boolean;
            http_filters: {
              name: string;
              typed_config: {
                failure_mode_allow?: boolean;
                http_service?: { path_prefix: string };
                allowed_headers?: { patterns: object[] };
              };
            }[];
            route_config: {
              virtual_hosts: {
                domains: string[];
                routes: { route: { cluster: string }; typed_per_filter_config?: object }[];
              }[];
            };
          };
        }[];
      }[];
    }[];
    readonly clusters: { name: string }[];
  };
}

test('each HTTPRoute of the Gateway API asks, but for those that Gatehouse itself answers', (t) => {
  const documents = parseAllDocuments(gatewayApiRecipe(plan));
  const rules = documents.map((document) => document.toJS() as HttpRoute).flatMap(({ spec }) => spec.rules);
  const [own, others] = [rules.filter(isOwn), rules.filter((rule) => !isOwn(rule))];
  t.true(own.length > 0);
  t.true(own.every(({ filters }) => filters === undefined));
  for (const { filters } of others) {
    t.deepEqual(filters?.[0]?.externalAuth?.http.path, '/ext-authz');
    t.deepEqual(filters?.[0]?.externalAuth?.backendRef, { name: 'gatehouse', port: 8092 });
    t.true(filters?.[0]?.externalAuth?.http.allowedHeaders.includes('X-Forwarded-For'));
  }
  const orders = others.find(({ backendRefs }) => backendRefs[0]?.name === 'orders');
  t.deepEqual(orders?.backendRefs, [{ name: 'orders', namespace: 'shop', port: 9000 }]);
});

function isOwn({ backendRefs }: HttpRouteRule): boolean {
  return backendRefs[0]?.name === 'gatehouse';
}

interface HttpRoute {
  readonly spec: { readonly rules: HttpRouteRule[] };
}

interface HttpRouteRule {
  readonly filters?: {
    externalAuth?: { backendRef: object; http: { path: string; allowedHeaders: string[] } };
  }[];
  readonly backendRefs: { name: string; namespace?: string; port: number }[];
}
