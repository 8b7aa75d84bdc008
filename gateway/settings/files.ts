import { readFileSync, statSync } from 'node:fs';
import { getSystemErrorMessage } from 'node:util';

export type FileText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly reason: string };

/**
 * Reads a file as UTF-8 at start-up, before anything is served. Only a regular file of a bounded size: a pipe or a
 * device could keep the process waiting for ever.
 *
 * @param limit bytes
 */
export function readRegularFile(path: string, limit: number): FileText {
  try {
    const status = statSync(path);
    if (status.isDirectory()) return unreadable('it is a directory; name a file');
    if (!status.isFile()) return unreadable('it is a pipe or device; name a regular file');
    if (status.size > limit) return unreadable(`it has ${status.size} bytes; at most ${limit} are read`);
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)) };
  } catch (error) {
    return unreadable(reasonOf(error));
  }
}

function unreadable(reason: string): FileText {
  return { kind: 'unreadable', reason };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) throw error;
  if (!('code' in error)) throw error;
  if (error.code === 'ENOENT') return 'there is no such file; create it or name another';
  if (error.code === 'EACCES') return `user ${process.getuid?.() ?? ''} may not read it; change its mode or owner`;
  if (error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'it is not UTF-8; save it as UTF-8';
  if ('errno' in error && typeof error.errno === 'number') return getSystemErrorMessage(error.errno);
  throw error;
}
