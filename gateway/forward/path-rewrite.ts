import { badRequest } from '../domain/errors.ts';

/** What a route's `pathRewrite` says: regular expressions, and what replaces the first that each finds. */
export type PathRules = Readonly<Record<string, string>>;

/**
 * Rewrites a path as http-proxy-middleware does: of the rules, the first whose expression is found replaces what it finds
 * first, and `$1` stands for its first group.
 *
 * The library is not left to do it. It would see the base path and the query too, and nobody would look at what comes
 * out: a rule that takes something out of the middle can make `//host` or a dot segment of a path that was neither.
 *
 * @returns a path that begins with one slash
 * @throws GatewayError 400 where what comes out could be read as a host or as another path
 */
export function rewritePath(path: string, rules: PathRules): string {
  for (const [expression, replacement] of compiled(rules)) {
    if (!expression.test(path)) continue;
    const replaced = path.replace(expression, replacement);
    const rewritten = replaced.startsWith('/') ? replaced : `/${replaced}`;
    if (rewritten.startsWith('//') || MISLEADING.test(decoded(rewritten))) {
      throw badRequest('The request target becomes another one when it is rewritten');
    }
    return rewritten;
  }
  return path;
}

/** Dot segments, backslashes and NUL. */
const MISLEADING = /(?:^|\/)\.{1,2}(?:;[^/]*)?(?:\/|$)|[\\\0]/;

/** What a program that decodes twice could see of the characters that matter. */
function decoded(path: string): string {
  if (!path.includes('%')) return path;
  return path
    .replace(/%25/g, '%')
    .replace(/%(2e|2f|5c|00)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

const cache = new WeakMap<PathRules, readonly (readonly [RegExp, string])[]>();

function compiled(rules: PathRules): readonly (readonly [RegExp, string])[] {
  let expressions = cache.get(rules);
  if (expressions === undefined) {
    expressions = Object.entries(rules).map(([pattern, replacement]) => [new RegExp(pattern), replacement] as const);
    cache.set(rules, expressions);
  }
  return expressions;
}
