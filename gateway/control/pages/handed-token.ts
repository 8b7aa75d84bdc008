import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { derivedKey } from '../../signing/keys.ts';
import type { SessionStore } from '../../stores/sessions/session-store.ts';

const NEW_TOKEN = z.object({
  name: z.string().nullable(),
  token: z.string(),
  scope: z.array(z.string()).readonly().nullable().default(null),
});

/** A new token between the form that creates it and the page that shows it. */
export type NewToken = Readonly<z.infer<typeof NEW_TOKEN>>;

/**
 * Passes a new token to the page after the form (POST/redirect/GET): reloading that page submits no form again, and no URL
 * contains the token. Only the session that created it gets it, once.
 */
export interface TokenHandover {
  /** @throws GatewayError `service_unavailable` when the store is unavailable */
  put(sessionId: string, jti: string, made: NewToken): Promise<void>;
  /** @returns null when it was taken before, has expired, or has the form of another release */
  take(sessionId: string, jti: string): Promise<NewToken | null>;
}

/** Milliseconds that the store keeps the token for the page. */
const HANDOVER_LIFETIME = 2 * 60_000;
const CIPHER = 'aes-256-gcm';
const [IV_LENGTH, TAG_LENGTH] = [12, 16];

/** Encrypts with a key derived from the session id. The store has only the hash of the id, so a copy of it reveals no token. */
export function tokenHandover(store: Pick<SessionStore, 'read' | 'write' | 'destroy'>): TokenHandover {
  const storeKey = (sessionId: string, jti: string) => `new token ${jti} of ${sessionId}`;

  return {
    async put(sessionId, jti, made) {
      await store.write(storeKey(sessionId, jti), sealed(sessionId, JSON.stringify(made)), HANDOVER_LIFETIME);
    },
    async take(sessionId, jti) {
      const key = storeKey(sessionId, jti);
      const content = await store.read(key);
      if (content === null) return null;
      await store.destroy(key);
      const text = opened(sessionId, content);
      return text === null ? null : (NEW_TOKEN.safeParse(JSON.parse(text)).data ?? null);
    },
  };
}

function keyOf(sessionId: string): Buffer {
  return derivedKey(sessionId, 'new token');
}

function sealed(sessionId: string, text: string): string {
  const iv = randomBytes(IV_LENGTH);
  const cipher = createCipheriv(CIPHER, keyOf(sessionId), iv);
  const encrypted = [cipher.update(text, 'utf8'), cipher.final()];
  return Buffer.concat([iv, cipher.getAuthTag(), ...encrypted]).toString('base64url');
}

/** @returns null for a value that `sealed` did not create: other programs may write to the store */
function opened(sessionId: string, content: string): string | null {
  const bytes = Buffer.from(content, 'base64url');
  const begin = IV_LENGTH + TAG_LENGTH;
  try {
    const decipher = createDecipheriv(CIPHER, keyOf(sessionId), bytes.subarray(0, IV_LENGTH), {
      authTagLength: TAG_LENGTH,
    });
    decipher.setAuthTag(bytes.subarray(IV_LENGTH, begin));
    return Buffer.concat([decipher.update(bytes.subarray(begin)), decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
}
