import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * Keeps what Node makes of the sources beside the packages, which halves the time of the next start. Not in the system's
 * folder for temporary files, where others could put code of theirs. Where it cannot be written, nothing is kept.
 *
 * To be called before anything else is loaded.
 */
export function keepCompiled(): void {
  enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/gatehouse', import.meta.url)));
}
