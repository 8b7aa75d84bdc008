/**
 * The longest files, which start first, so that the run does not end with one of them alone. Files that measure outages are
 * between files that mostly wait, not between those that keep a processor busy.
 */
export const LONG: readonly string[] = [
  'test/control/pages/browser/every-page.test.ts',
  'test/cli/cluster/workers.test.ts',
  'test/cli/cluster/hung-workers.test.ts',
  'test/ops/stalled-output.test.ts',
  'test/revocation/rewritten.test.ts',
  'test/scripts/test-run.test.ts',
  'test/http/forms.test.ts',
  'test/revocation/database-outages-mysql.test.ts',
  'test/revocation/redis-outages.test.ts',
  'test/stores/redis/cluster.test.ts',
  'test/control/pages/browser/changes.test.ts',
  'test/stores/redis/sentinel.test.ts',
  'test/revocation/both-out-mysql.test.ts',
  'test/stores/sessions/store-outages.test.ts',
  'test/revocation/commands.test.ts',
  'test/revocation/both-out-postgres.test.ts',
  'test/stores/database/outage.test.ts',
  'test/revocation/failover.test.ts',
  'test/stores/accounts/framework-pages.test.ts',
  'test/forward/streaming.test.ts',
  'test/cli/check-accounts.test.ts',
  'test/forward/departures.test.ts',
  'test/revocation/database-outages-postgres.test.ts',
  'test/cli/user.test.ts',
  'test/control/pages/browser/journey.test.ts',
  'test/stores/sessions/store.test.ts',
  'test/control/pages/browser/keyboard.test.ts',
  'test/forward/failures.test.ts',
  'test/forward/deadlines.test.ts',
  'test/journeys/rolling-restart.test.ts',
  'test/cli/reload.test.ts',
];

/** Compares two test files by their absolute paths, for ava's `sortTestFiles`: the long ones come first, the others by name. */
export function longestFirst(a: string, b: string): number {
  return placeOf(a) - placeOf(b) || (a < b ? -1 : 1);
}

function placeOf(file: string): number {
  const place = LONG.findIndex((long) => file.endsWith(`/${long}`));
  return place === -1 ? LONG.length : place;
}
