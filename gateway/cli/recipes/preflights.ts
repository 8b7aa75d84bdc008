import type { RecipePlace } from './plan.ts';

/**
 * The methods whose CORS preflights a proxy sends to the public listener without asking: a preflight carries no credentials. Whatever
 * else is sent in this form, the public listener decides on it as on all that it gets.
 *
 * @returns an expression for the whole of `Access-Control-Request-Method`; null: no route here has `cors`
 */
export function preflightedMethods({ routes }: RecipePlace): string | null {
  const open = routes.filter(({ hasCors }) => hasCors);
  if (open.length === 0) return null;
  // Where every route has cors, a page may also read that no route takes a method.
  return open.length === routes.length ? '.+' : `(?:${open.flatMap(({ methods }) => methods).join('|')})`;
}
