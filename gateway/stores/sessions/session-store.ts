import { createHash } from 'node:crypto';

/**
 * Where the sessions of the account pages are kept, each under the id that one browser holds. A store sees the id, and
 * keeps its SHA-256 alone: a copy of the store logs nobody in.
 *
 * All of them throw GatewayError `service_unavailable` when the store is out, at the latest after its timeout.
 */
export interface SessionStore {
  /** @returns what was written last; null where nothing was, or it has been destroyed or has expired */
  read(id: string): Promise<string | null>;
  /** @param lifetime milliseconds from now, more than 0 */
  write(id: string, content: string, lifetime: number): Promise<void>;
  /**
   * The same for a session that is there, and nothing where it is gone: a request that is under way while another one
   * logs out must not bring the session back.
   */
  renew(id: string, content: string, lifetime: number): Promise<void>;
  destroy(id: string): Promise<void>;
}

/**
 * What a store knows an id by. An id is 256 random bits, which nobody finds by trying hashes: no salt and no slow hash is
 * needed.
 */
export function hashOfId(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}
