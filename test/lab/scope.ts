import test from 'ava';

/** What a helper needs of a test: a place for what must be undone at its end, the last first. */
export interface Scope {
  teardown(undo: () => unknown): void;
}

/** For what the tests of a file share: undone when all of them are over, however they ended. */
export function fileScope(): Scope {
  const steps: (() => unknown)[] = [];
  test.after.always(async () => {
    for (const undo of steps.reverse()) await undo();
  });
  return { teardown: (undo) => void steps.push(undo) };
}
