import test from 'ava';
import { parseTarget } from '../../gateway/http/target.ts';
import { allowOf, compileRoutes, type Place, routeFor } from '../../gateway/routing/table.ts';
import type { RouteSettings } from '../../gateway/settings/schema/settings.ts';

function route(name: string, path: string, methods?: string[]): RouteSettings {
  return {
    name,
    path,
    ...(methods === undefined ? {} : { methods }),
    upstream: ['http://127.0.0.1:9'],
    auth: path.startsWith('/api/v1') ? 'required' : 'none',
    limits: [],
    websocketToken: false,
    passAuthorization: false,
    preserveHost: false,
    allowEncodedSlashes: true,
    requireLength: false,
    timeouts: {},
  };
}

const NOTHING_OF_ITS_OWN = { pages: null, keySet: null };

const table = compileRoutes(
  [
    route('all', '/'),
    route('api', '/api/v1'),
    route('orders', '/api/v1/orders'),
    route('deep', '/api/v1/orders/a/b/c'),
    route('mixed', '/Shop/Cart'),
  ],
  '/api/v1',
  NOTHING_OF_ITS_OWN,
);

function nameOf(place: Place<RouteSettings>): string {
  return place.kind === 'routes' ? (place.routes[0]?.name ?? '') : place.kind;
}

const LOCATED: [string, string, boolean][] = [
  ['/', 'all', false],
  ['/x/y/z', 'all', false],
  ['/api', 'all', false],
  ['/api/v10', 'all', false],
  ['/api/v1.', 'all', false],
  ['/api/v1', 'api', true],
  ['/api/v1/', 'api', true],
  ['/api/v1//', 'api', true],
  ['/api/v1/ordersx', 'api', true],
  ['/api/v1/orders', 'orders', true],
  ['/api/v1/orders/a/b', 'orders', true],
  ['/api/v1/orders/a/b/c', 'deep', true],
  ['/api/v1/orders/a/b/c/d/e/f', 'deep', true],
  ['/api/v1/orders/X/%41//y', 'orders', true],
  ['/api/v1/tokens', 'tokens', true],
  ['/api/v1/tokens/current', 'tokens', true],
  ['/api/v1/tokensx', 'api', true],
  ['/Shop/Cart/1', 'mixed', false],
  ['/shop/cart/1', 'ambiguous', false],
  ['/SHOP/CART', 'ambiguous', false],
  ['/Shop//Cart', 'ambiguous', false],
  ['/API/v1', 'ambiguous', false],
  ['/%61pi/v1', 'ambiguous', false],
  ['/api%2fv1', 'ambiguous', false],
  ['/api%252fv1', 'ambiguous', false],
  ['/api;a/v1', 'ambiguous', false],
  ['/api/v1;a', 'ambiguous', false],
  ['/api/v1/ORDERS', 'ambiguous', true],
  ['/api/v1/orders%2fa', 'ambiguous', true],
  ['/api/v1/orders/a%2fb/c', 'ambiguous', true],
  ['/api/v1//orders', 'ambiguous', true],
  ['/api/v1/orders/A/b/c', 'ambiguous', true],
  ['/api/v1/Tokens', 'ambiguous', true],
  ['/api/v1/to%6bens', 'ambiguous', true],
  ['/api/v1/to%e2%84%aaens', 'ambiguous', true],
];

for (const [target, name, belowPrefix] of LOCATED) {
  test(`${target} lies at ${name}, ${belowPrefix ? 'below' : 'outside'} the prefix`, (t) => {
    const located = table.locate(parseTarget(target, 'a'));
    t.deepEqual({ name: nameOf(located.place), belowPrefix: located.belowPrefix }, { name, belowPrefix });
  });
}

test('without a route for everything, what no route takes lies nowhere', (t) => {
  const small = compileRoutes([route('orders', '/api/v1/orders')], '/api/v1', NOTHING_OF_ITS_OWN);
  t.is(small.locate(parseTarget('/', 'a')).place.kind, 'nothing');
  t.deepEqual(small.locate(parseTarget('/api/v1/x', 'a')), { place: { kind: 'nothing' }, belowPrefix: true });
  t.is(small.locate(parseTarget('/api/v1/order', 'a')).place.kind, 'nothing');
});

test('routes that share a path divide the methods, and Allow names them all', (t) => {
  const shared = compileRoutes(
    [route('read', '/x', ['GET']), route('write', '/x', ['PUT', 'POST'])],
    '/api/v1',
    NOTHING_OF_ITS_OWN,
  );
  const { place } = shared.locate(parseTarget('/x/1', 'a'));
  if (place.kind !== 'routes') return t.fail();
  const taken = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'get'].map((method) => routeFor(place.routes, method)?.name);
  t.deepEqual(taken, ['read', 'read', 'write', 'write', undefined, undefined]);
  t.is(allowOf(place.routes), 'GET, PUT, POST, HEAD');
});
