import type { Scope } from './scope.ts';

/** A scope that is closed by hand; closing it again waits for the first time. */
export interface ClosableScope extends Scope {
  close(): Promise<void>;
}

/** Undoes the last first, each step also where the one before failed. @throws the first failure, at the end */
export function openScope(): ClosableScope {
  const steps: (() => unknown)[] = [];
  let closing: Promise<void> | null = null;
  const undoAll = async () => {
    const failures: unknown[] = [];
    for (let undo = steps.pop(); undo !== undefined; undo = steps.pop()) {
      try {
        await undo();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };
  return {
    teardown(undo) {
      steps.push(undo);
    },
    close() {
      closing ??= undoAll();
      return closing;
    },
  };
}

/** Does work in a scope of its own, which is closed at its end, and with the one around it. */
export async function inScope<T>(around: Scope, work: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = openScope();
  around.teardown(() => scope.close());
  try {
    return await work(scope);
  } finally {
    await scope.close();
  }
}
