/** The routes of the gateway and of the nginx behind it, by name: each path and everything below it. */
export const ROUTES: readonly (readonly [name: string, path: string])[] = [
  ['website', '/'],
  ['shop', '/shop'],
  ['admin', '/shop/admin'],
  ['orders', '/api/v1/orders'],
  ['private', '/api/v1/orders/private'],
  ['things', '/api/v1/things'],
];

/** The longest path on a segment boundary. @returns the name; null: none */
export function routeOf(path: string): string | null {
  const [longest] = ROUTES.filter(([, own]) => own === '/' || path === own || path.startsWith(`${own}/`)).sort(
    ([, a], [, b]) => b.length - a.length,
  );
  return longest === undefined || !path.startsWith('/') ? null : longest[0];
}

/** The same for nginx, which answers with the route that it has chosen, the one of the gateway, and the path that it reads. */
export function nginxLocations(): string {
  const answer = (name: string) =>
    `{ default_type text/plain; return 200 "${name} $http_x_route $request_uri\\n$uri"; }`;
  return ROUTES.map(([name, path]) =>
    path === '/'
      ? `location / ${answer(name)}`
      : `location = ${path} ${answer(name)} location ${path}/ ${answer(name)}`,
  ).join('\n');
}
