/**
 * The files that take longest, and are begun first: a run that came to one of them last would wait for it with nothing else to
 * do. Those that measure what happens in an outage stand among those that wait, and not beside all those that use a processor.
 */
export const LONG: readonly string[] = [
  'test/pages/every-page.test.ts',
  'test/cli/hung-workers.test.ts',
  'test/revocation/database-outages.test.ts',
  'test/scripts/test-run.test.ts',
  'test/control/account/form-body.test.ts',
  'test/revocation/redis-outages.test.ts',
  'test/redis/cluster.test.ts',
  'test/pages/changes.test.ts',
  'test/redis/sentinel.test.ts',
  'test/revocation/both-out.test.ts',
  'test/sessions/store-outages.test.ts',
  'test/revocation/commands.test.ts',
  'test/database/outage.test.ts',
  'test/forward/streaming.test.ts',
  'test/cli/check-accounts.test.ts',
  'test/forward/departures.test.ts',
  'test/cli/user.test.ts',
  'test/pages/journey.test.ts',
  'test/sessions/store.test.ts',
  'test/cli/workers.test.ts',
  'test/pages/keyboard.test.ts',
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
