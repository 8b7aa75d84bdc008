import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from '../../test/lab/scope.ts';

/** A new empty folder, removed with its scope. @returns its path */
export function temporaryFolder(scope: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  scope.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
