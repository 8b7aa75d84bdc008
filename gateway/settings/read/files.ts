import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { getSystemErrorMessage } from 'node:util';

export type FileText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly reason: string };

/**
 * Reads a file as UTF-8, synchronously. Accepts only a regular file of a bounded size: a pipe or a device could block the
 * process for ever.
 *
 * @param limit bytes
 */
export function readRegularFile(path: string, limit: number): FileText {
  try {
    const reason = refusalOf(path, limit);
    if (reason !== null) return { kind: 'unreadable', reason };
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)) };
  } catch (error) {
    return { kind: 'unreadable', reason: reasonOf(error) };
  }
}

/** @returns why `readRegularFile` could not read the file, whatever its encoding; null: it could @param limit bytes */
export function unreadableReason(path: string, limit: number): string | null {
  try {
    accessSync(path, constants.R_OK);
    return refusalOf(path, limit);
  } catch (error) {
    return reasonOf(error);
  }
}

function refusalOf(path: string, limit: number): string | null {
  const status = statSync(path);
  if (status.isDirectory()) return 'it is a directory; name a file';
  if (!status.isFile()) return 'it is a pipe or device; name a regular file';
  return status.size > limit ? `it has ${status.size} bytes; at most ${limit} are read` : null;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) throw error;
  if (!('code' in error)) throw error;
  if (error.code === 'ENOENT') return 'there is no such file; create it or name another';
  if (error.code === 'ERR_INVALID_ARG_VALUE') return 'its name contains NUL, which no file can; correct the name';
  if (error.code === 'EACCES') return `user ${process.getuid?.() ?? ''} may not read it; change its mode or owner`;
  if (error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'it is not UTF-8; save it as UTF-8';
  if ('errno' in error && typeof error.errno === 'number') return getSystemErrorMessage(error.errno);
  throw error;
}
