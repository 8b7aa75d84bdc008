import { badRequest } from '../domain/errors.ts';

/** A route's `pathRewrite`: regular expressions and the replacement of the first match of each. */
export type PathRules = Readonly<Record<string, string>>;

/**
 * Rewrites a path as http-proxy-middleware does: the first rule that matches replaces its first match; `$1` is the first
 * group.
 *
 * The library itself would apply the rules to base path and query too, and would not check the result: a rule that
 * removes text from the middle can turn a path into `//host` or one with dot segments (path traversal).
 *
 * @returns a path that begins with one slash
 * @throws GatewayError 400 where the result could be read as a host or as another path
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

/** Decodes the characters of `MISLEADING` as a program that decodes twice would. */
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
