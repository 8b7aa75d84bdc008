import { randomBytes } from 'node:crypto';
import { OperatorError } from '../domain/errors.ts';
import type { Settings } from '../settings/schema/settings.ts';
import { orAdvise, readOrCreate } from './generated-file.ts';

const SHORTEST = 32;

/** The secrets of the configuration, or, with SQLite and without secrets there, the generated one. */
export function secretsOf({ tokens, database }: Pick<Settings, 'tokens' | 'database'>): string[] {
  if (tokens.secrets.length > 0) return tokens.secrets;
  if (database.url.kind === 'sqlite') return [generatedSecret(database.url.file)];
  throw new OperatorError(
    'tokens.secrets: with a database server, they need a secret of 32 bytes or more that every node shares',
  );
}

/**
 * The generated token secret: a file next to the SQLite database, readable only by its owner, created at the first start.
 *
 * @throws OperatorError when the file cannot be created or read, or its content is too short
 */
function generatedSecret(databaseFile: string): string {
  const file = `${databaseFile}.secret`;
  const secret = orAdvise(file, 'the token secret', 'tokens.secrets', () =>
    readOrCreate(file, () => `${randomBytes(SHORTEST).toString('base64url')}\n`).trim(),
  );
  if (Buffer.byteLength(secret) >= SHORTEST) return secret;
  throw new OperatorError(
    `${file} has less than ${SHORTEST} bytes and cannot sign tokens. Delete it to generate a new secret; tokens issued before become invalid.`,
  );
}
