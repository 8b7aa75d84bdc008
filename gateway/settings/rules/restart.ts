import { isDeepStrictEqual } from 'node:util';
import { OperatorError } from '../../domain/errors.ts';
import type { Settings } from '../schema/settings.ts';

/** Options that a reload applies; all others need a restart. */
const CHANGEABLE: ReadonlySet<string> = new Set([
  ...['routes', 'upstreams', 'limits', 'scopes', 'identity', 'assertion', 'timeouts', 'trustedProxies', 'shutdown'],
  ...['watch', 'log.level', 'listen.hsts', 'decisions.peers', 'decisions.cache', 'database.tls'],
]);

/**
 * Refuses a whole reload if it changes an option that needs a restart: applying the rest would give a configuration that is
 * neither the old nor the new one.
 *
 * @throws OperatorError that names each option that needs a restart
 */
export function requireNoRestart(present: Settings, next: Settings): void {
  const sections = new Set([...Object.keys(present), ...Object.keys(next)]);
  const options = [...sections].flatMap((section) => {
    const [before, after] = [present, next].map((settings) => settings[section as keyof Settings]);
    return changedOptions(section, before, after);
  });
  // The certificates can change, but not between http and https.
  const isOtherScheme = (present.listen.tls === undefined) !== (next.listen.tls === undefined);
  const isFixed = (option: string) =>
    option === 'listen.tls' ? isOtherScheme : !CHANGEABLE.has(option) && !CHANGEABLE.has(option.split('.')[0] ?? '');
  const fixed = options.filter(isFixed);
  if (fixed.length === 0) return;
  throw new OperatorError(`No change was applied: ${fixed.join(', ')} can only change with a restart.`);
}

function changedOptions(section: string, before: unknown, after: unknown): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isMap(before) || !isMap(after)) return [section];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => !isDeepStrictEqual(before[name], after[name]))
    .map((name) => `${section}.${name}`);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
