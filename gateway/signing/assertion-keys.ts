import { createHash, createPrivateKey } from 'node:crypto';
import { OperatorError } from '../domain/errors.ts';
import { type KeySet, keySetOf } from '../http/key-set.ts';
import { newAssertionKey, parseAssertionKey } from '../settings/schema/assertion-key.ts';
import type { AssertionKey, Settings } from '../settings/schema/settings.ts';
import { orAdvise, readIfExists, readOrCreate } from './generated-file.ts';

/** The public half of a key, as a service finds it in the key set (RFC 7517). */
export interface PublicJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: 'ES256';
}

export function publicJwkOf(key: AssertionKey): PublicJwk {
  const { kty, crv, x, y } = key;
  return { kty, crv, x, y, kid: keyIdOf(key), use: 'sig', alg: 'ES256' };
}

/** The public halves of keys, as services get them. */
export function publishedKeys(keys: readonly AssertionKey[]): KeySet {
  return keySetOf(keys.map(publicJwkOf));
}

/** The JWK thumbprint: the SHA-256 of the public half in a canonical form (RFC 7638 section 3). */
export function keyIdOf({ kty, crv, x, y }: AssertionKey): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

/** The private key in PKCS #8, PEM. */
export function pemOf(key: AssertionKey): string {
  return createPrivateKey({ key: { ...key }, format: 'jwk' })
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();
}

/**
 * Adds the generated key to settings that need it: those with `assertion`, SQLite and no keys. The key is read once, so that
 * it stays the same at a reload even if its file has been deleted.
 *
 * @throws OperatorError when the file cannot be created or read, or contains no key
 */
export function createKeyCompletion(): (settings: Settings) => Settings {
  let generated: AssertionKey | null = null;
  return (settings) => {
    const { assertion, database } = settings;
    if (assertion === undefined || assertion.keys.length > 0 || database.url.kind !== 'sqlite') return settings;
    generated ??= generatedKey(database.url.file);
    return { ...settings, assertion: { ...assertion, keys: [generated] } };
  };
}

/** The keys as `key list` shows them: the generated one is not created for that. @returns null if it does not exist yet */
export function existingKeys({ assertion, database }: Pick<Settings, 'assertion' | 'database'>): AssertionKey[] | null {
  if (assertion === undefined || assertion.keys.length > 0 || database.url.kind !== 'sqlite') {
    return assertion?.keys ?? null;
  }
  const file = fileBeside(database.url.file);
  const pem = attempt(file, () => readIfExists(file));
  return pem === null ? null : [keyIn(file, pem)];
}

/** The generated key: a file next to the SQLite database, readable only by its owner, created when it is first needed. */
function generatedKey(databaseFile: string): AssertionKey {
  const file = fileBeside(databaseFile);
  return keyIn(
    file,
    attempt(file, () => readOrCreate(file, () => pemOf(newAssertionKey()))),
  );
}

function fileBeside(databaseFile: string): string {
  return `${databaseFile}.assertion.pem`;
}

function keyIn(file: string, pem: string): AssertionKey {
  const key = parseAssertionKey(pem);
  if (typeof key !== 'string') return key;
  throw new OperatorError(`${file} ${key}. Delete it to generate a new key, or set assertion.keys.`);
}

function attempt<T>(file: string, work: () => T): T {
  return orAdvise(file, 'the key of assertions', 'assertion.keys', work);
}
