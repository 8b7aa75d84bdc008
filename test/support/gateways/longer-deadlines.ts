/** Where a busy machine lets a short deadline pass before what the test needs has happened, a longer one shows it. */
const DEADLINES = ['2s', '8s', '30s'] as const;

/**
 * Tries with longer and longer deadlines.
 *
 * @param attempt says whether what must come before the deadline came in time; the last one is taken as it is
 */
export async function withLongerDeadlines(attempt: (deadline: string) => Promise<boolean>): Promise<void> {
  for (const deadline of DEADLINES) if (await attempt(deadline)) return;
  throw new Error(`nothing in time within ${DEADLINES.at(-1)}`);
}
