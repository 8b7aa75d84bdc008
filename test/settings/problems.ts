import type { ExecutionContext } from 'ava';
import { checkSettings } from '../../gateway/settings/read/check.ts';
import type { Settings } from '../../gateway/settings/schema/settings.ts';

/** A route list that is right, for tests of everything else. */
export const ROUTES = 'routes: [{ name: orders, path: /api/v1/orders, upstream: "http://127.0.0.1:9000" }]\n';

/** The settings of a text that must be valid. */
export function settingsOf(t: ExecutionContext, text: string, env: NodeJS.ProcessEnv = {}): Settings {
  const checked = checkSettings(text, 'gateway.yaml', env);
  if (checked.kind === 'valid') return checked.settings;
  return t.fail(JSON.stringify(checked.problems, null, 2)) as never;
}

/** Each problem of a text as `LINE:COL key`, and its message. */
export function problemsOf(text: string, env: NodeJS.ProcessEnv = {}): { at: string; message: string }[] {
  const checked = checkSettings(text, 'gateway.yaml', env);
  if (checked.kind === 'valid') return [];
  return checked.problems.map(({ line, column, key, message }) => ({
    at: `${line}:${column} ${key}`.trimEnd(),
    message,
  }));
}
