import test from 'ava';
import { parse, parseAllDocuments } from 'yaml';
import { configurationOf } from '../support/kubernetes/configuration.ts';
import { type KubernetesObject, objectOf, objectsOf } from '../support/kubernetes/overlays.ts';
import { gatehouse } from '../support/processes/command.ts';

interface TraefikFile {
  readonly http: {
    readonly routers: Record<string, { rule: string; priority: number; middlewares?: string[]; service: string }>;
    readonly middlewares: Record<string, unknown>;
  };
}

interface IngressRouteSpec {
  readonly routes: readonly {
    readonly match: string;
    readonly priority: number;
    readonly middlewares?: readonly { readonly name: string }[];
    readonly services: readonly unknown[];
  }[];
}

test('traefik: rules and middlewares are those that gatehouse recipe traefik prints', async (t) => {
  const objects = await objectsOf('traefik');
  const { stdout } = await gatehouse(['recipe', 'traefik', '--config', await configurationOf(t, 'traefik', objects)]);
  const { http } = parse(stdout) as TraefikFile;
  const { routes } = objectOf(objects, 'IngressRoute', 'gatehouse').spec as IngressRouteSpec;
  t.deepEqual(
    routes.map(({ match, priority, middlewares = [] }) => ({
      rule: match,
      priority,
      middlewares: middlewares.map(({ name }) => name),
    })),
    Object.values(http.routers).map(({ rule, priority, middlewares = [] }) => ({ rule, priority, middlewares })),
  );
  t.deepEqual(
    routes.map(({ services }) => services),
    Object.values(http.routers).map(({ service }) =>
      service === 'gatehouse-public'
        ? [{ name: 'gatehouse', port: 8080 }]
        : [{ name: 'orders', port: 9000, passHostHeader: false }],
    ),
  );
  for (const name of new Set(routes.flatMap(({ middlewares = [] }) => middlewares.map(({ name: of }) => of)))) {
    const { spec } = objectOf(objects, 'Middleware', name);
    const inCluster = JSON.stringify(spec).replace('//gatehouse.gatehouse.svc:', '//127.0.0.1:');
    t.deepEqual(JSON.parse(inCluster), http.middlewares[name], name);
  }
});

test('gateway-api: the routes are those that gatehouse recipe gateway-api prints', async (t) => {
  const objects = await objectsOf('gateway-api');
  const { stdout } = await gatehouse([
    'recipe',
    'gateway-api',
    '--config',
    await configurationOf(t, 'gateway-api', objects),
  ]);
  const printed = parseAllDocuments(stdout).map((document) => document.toJS() as KubernetesObject);
  t.true(printed.length > 1);
  for (const { kind, metadata, spec } of printed) t.deepEqual(objectOf(objects, kind, metadata.name).spec, spec);
});
