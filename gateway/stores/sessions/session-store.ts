import { createHash } from 'node:crypto';

/**
 * Stores the sessions of the account pages by session id. Only the SHA-256 of an id is stored, so that a copy of the store is
 * useless for session hijacking.
 *
 * All methods throw GatewayError `service_unavailable` when the store is unavailable, at the latest after its timeout.
 */
export interface SessionStore {
  /** @returns the content; null when the session does not exist, was destroyed or has expired */
  read(id: string): Promise<string | null>;
  /** @param lifetime milliseconds from now, more than 0 */
  write(id: string, content: string, lifetime: number): Promise<void>;
  /**
   * As `write`, but only if the session exists: a request that runs during a logout must not restore the session.
   */
  renew(id: string, content: string, lifetime: number): Promise<void>;
  destroy(id: string): Promise<void>;
}

/**
 * The stored form of a session id. An id has 256 random bits and cannot be found by brute force, so neither salt nor a slow
 * hash is needed.
 */
export function hashOfId(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}
