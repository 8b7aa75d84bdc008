import test from 'ava';

/** The part of a test context that helpers need: registers teardown functions, which run in reverse order. */
export interface Scope {
  teardown(undo: () => unknown): void;
}

/** A scope for all tests of a file: its teardown runs after the last test, passed or failed. */
export function fileScope(): Scope {
  const steps: (() => unknown)[] = [];
  test.after.always(async () => {
    for (const undo of steps.reverse()) await undo();
  });
  return { teardown: (undo) => void steps.push(undo) };
}
