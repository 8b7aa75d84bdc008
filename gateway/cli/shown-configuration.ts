import { resolve } from 'node:path';
import type { ShownConfiguration } from '../ops/console/console.ts';
import { withoutSecrets } from '../settings/read/load.ts';
import type { Settings } from '../settings/schema/settings.ts';
import { explainRequest } from './explain-request.ts';

/**
 * What the console shows of the configuration in use.
 *
 * @param file as the operator gave it
 */
export function showConfiguration(
  file: string,
  settings: Settings,
): ShownConfiguration & { use(next: Settings): void } {
  let present = { settings, appliedAt: Date.now() };
  return {
    read: () => ({ file: resolve(file), appliedAt: present.appliedAt }),
    explain(question) {
      return explainRequest(withoutSecrets(present.settings), { ...question, account: null, scope: null, from: null });
    },
    use(next) {
      present = { settings: next, appliedAt: Date.now() };
    },
  };
}
