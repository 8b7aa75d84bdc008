import type { Logger } from '../ops/log.ts';
import type { Settings } from '../settings/schema/settings.ts';

/** Warns at the start if weak hashes are accepted, and says what ends that. */
export function warnOfWeakHashes({ allowWeakHashes, table }: Settings['accounts'], log: Logger): void {
  if (!allowWeakHashes) return;
  const way =
    table === undefined
      ? 'each is replaced at the next login of its account'
      : `the application should store other hashes in ${table}`;
  log.warn(
    { option: 'accounts.allowWeakHashes' },
    `weak password hashes are accepted, such as {SSHA}: ${way}; "gatehouse check --accounts" counts them`,
  );
}
