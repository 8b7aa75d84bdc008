/** On a busy machine, a short deadline may pass before the event that the test needs; then a longer one is tried. */
const DEADLINES = ['2s', '8s', '30s'] as const;

/**
 * Repeats an attempt with longer deadlines, and rejects if even the longest one passes.
 *
 * @param attempt resolves with whether the event happened before the deadline
 */
export async function withLongerDeadlines(attempt: (deadline: string) => Promise<boolean>): Promise<void> {
  for (const deadline of DEADLINES) if (await attempt(deadline)) return;
  throw new Error(`nothing in time within ${DEADLINES.at(-1)}`);
}
