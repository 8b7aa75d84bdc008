/** The routes of an API as they might be written for a gateway, made up by their shape. */
export interface RouteSet {
  readonly name: string;
  /** Prefixes, all different, in the order of a configuration file. */
  readonly paths: readonly string[];
}

/** An API by its shape: things of each collection have parts, and parts have things with parts of their own. */
interface Shape {
  readonly name: string;
  readonly count: number;
  readonly collections: readonly string[];
  readonly parts: readonly string[];
  /** Names that stand between collection and part: `repos/x17/y17/issues` has two. */
  readonly names: number;
}

const PREFIX = '/api/v1';

const SHAPES: readonly Shape[] = [
  {
    name: 'GitHub',
    count: 609,
    collections: ['repos', 'orgs', 'users', 'teams', 'enterprises', 'gists', 'projects'],
    parts: ['issues', 'pulls', 'commits', 'branches', 'releases', 'hooks', 'actions', 'secrets', 'members', 'labels'],
    names: 2,
  },
  {
    name: 'Okta',
    count: 217,
    collections: ['apps', 'authorizationServers', 'groups', 'idps', 'users', 'zones', 'policies', 'templates'],
    parts: ['lifecycle', 'credentials', 'factors', 'grants', 'roles', 'rules', 'clients', 'mappings'],
    names: 1,
  },
  {
    name: 'OpenAI',
    count: 36,
    collections: ['chat', 'completions', 'files', 'images', 'audio', 'models', 'embeddings', 'fine-tunes', 'threads'],
    parts: ['runs', 'messages', 'content', 'cancel', 'events'],
    names: 0,
  },
];

/** Sets with as many routes, as deep and with as much in common, as the public APIs after which they are named. */
export const ROUTE_SETS: readonly RouteSet[] = SHAPES.map((shape) => ({
  name: shape.name,
  paths: [...take(prefixes(shape), shape.count)],
}));

/**
 * First the collections by themselves, then things of theirs: for each name all parts of all collections, and behind each
 * part one of its own, so that most prefixes begin as many others do and some are prefixes of others.
 */
function* prefixes({ collections, parts, names }: Shape): Generator<string> {
  for (const collection of collections) yield `${PREFIX}/${collection}`;
  for (let i = 1; ; i++) {
    const name =
      names === 0 && i === 1
        ? ''
        : ['x', 'y']
            .slice(0, Math.max(names, 1))
            .map((letter) => `/${letter}${i}`)
            .join('');
    for (const collection of collections) {
      for (const [place, part] of parts.entries()) {
        const path = `${PREFIX}/${collection}${name}/${part}`;
        yield path;
        if (place % 2 === 0) yield `${path}/x${i}/${parts[(place + 1) % parts.length]}`;
      }
    }
  }
}

function* take<T>(all: Iterable<T>, count: number): Generator<T> {
  let taken = 0;
  for (const one of all) {
    if (taken++ === count) return;
    yield one;
  }
}
