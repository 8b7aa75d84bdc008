import { type AssertionKey, parseAssertionKey } from '../schema/assertion-key.ts';
import { KEY_SET_PATH } from '../schema/assertion-options.ts';
import type { Conflict, Readable } from './readable.ts';
import { isWithin } from './routes.ts';

/** All conflicts between `assertion`, of the gateway and of its routes, and other options. */
export function conflictsOfAssertion(settings: Readable): Conflict[] {
  return [
    ...noAudienceWithoutAssertion(settings),
    ...(settings.assertion === undefined
      ? []
      : [
          ...sharedKeyForServers(settings),
          ...eachKeyOnce(settings.assertion.keys ?? []),
          ...keyApartFromSecrets(settings),
          ...pathIsFree(settings),
          ...validWhileCached(settings),
        ]),
  ];
}

function noAudienceWithoutAssertion(settings: Readable): Conflict[] {
  const { routes = [] } = settings;
  // Present but undefined: the schema has refused it, and reports it already.
  const isConfigured = 'assertion' in settings;
  return routes.flatMap((route, index): Conflict[] => {
    if (route?.assertion === undefined) return [];
    const path = ['routes', index, 'assertion'];
    if (!isConfigured) {
      return [{ path, message: 'has no effect without assertion; must be left out, or add assertion with its issuer' }];
    }
    if (route.auth !== 'none' || route.assertion === false) return [];
    return [{ path, message: 'has no effect with auth: none; must be left out, or auth must be required' }];
  });
}

function sharedKeyForServers({ database, assertion }: Readable): Conflict[] {
  if (database?.url === undefined || database.url.kind === 'sqlite' || assertion?.keys?.length !== 0) return [];
  const message = `is empty; with a database server it needs a key that every gateway shares, such as ["\${file:/run/secrets/assertion.pem}"], which "gatehouse key new" prints`;
  return [{ path: ['assertion', 'keys'], message }];
}

function eachKeyOnce(keys: readonly AssertionKey[]): Conflict[] {
  return keys.flatMap(({ x, y }, index): Conflict[] => {
    const first = keys.findIndex((other) => other.x === x && other.y === y);
    if (first === index) return [];
    const message = `is the key of assertion.keys[${first}] too; each must be listed once`;
    return [{ path: ['assertion', 'keys', index], message }];
  });
}

/** A key has one purpose: whoever is given the token secret must not be able to sign assertions. */
function keyApartFromSecrets({ assertion, tokens }: Readable): Conflict[] {
  const secrets = (tokens?.secrets ?? []).map(parseAssertionKey);
  return (assertion?.keys ?? []).flatMap(({ x, y }, index): Conflict[] => {
    const same = secrets.findIndex((key) => typeof key !== 'string' && key.x === x && key.y === y);
    if (same === -1) return [];
    return [{ path: ['assertion', 'keys', index], message: `is tokens.secrets[${same}] too; must be another key` }];
  });
}

/** The path of the keys is public, and no other place may answer there. Case is ignored: some upstreams do. */
function pathIsFree({ api, pages, routes = [] }: Readable): Conflict[] {
  const answers = `${KEY_SET_PATH}, where the gateway publishes the keys of assertion; must be another path`;
  const isThere = (path: string | undefined) => path?.toLowerCase() === KEY_SET_PATH;
  return [
    ...(api?.prefix !== undefined && isWithin(KEY_SET_PATH, api.prefix)
      ? [{ path: ['api', 'prefix'], message: `covers ${answers}` }]
      : []),
    ...(pages?.enabled && isThere(pages.path) ? [{ path: ['pages', 'path'], message: `is ${answers}` }] : []),
    ...routes.flatMap((route, index): Conflict[] =>
      isThere(route?.path) ? [{ path: ['routes', index, 'path'], message: `is ${answers}` }] : [],
    ),
  ];
}

/** An assertion may have half of its lifetime left when nginx begins to keep it. */
function validWhileCached({ assertion, decisions }: Readable): Conflict[] {
  const { lifetime } = assertion ?? {};
  const { cache } = decisions ?? {};
  if (lifetime === undefined || cache === undefined || cache <= lifetime / 2) return [];
  const message = `is more than half of assertion.lifetime (${lifetime / 1000}s), so nginx would hand on assertions that have expired; must be ${lifetime / 2000}s or less, or assertion.lifetime longer`;
  return [{ path: ['decisions', 'cache'], message }];
}
