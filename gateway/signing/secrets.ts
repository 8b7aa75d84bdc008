import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { OperatorError } from '../domain/errors.ts';
import type { Settings } from '../settings/schema/settings.ts';

const SHORTEST = 32;

/** The secrets of the configuration, or, with SQLite and without secrets there, the generated one. */
export function secretsOf({ tokens, database }: Pick<Settings, 'tokens' | 'database'>): string[] {
  if (tokens.secrets.length > 0) return tokens.secrets;
  if (database.url.kind === 'sqlite') return [generatedSecret(database.url.file)];
  throw new OperatorError('tokens.secrets: MySQL needs a secret of 32 bytes or more that every node shares');
}

/**
 * The generated token secret: a file next to the SQLite database, readable only by its owner, created at the first start.
 *
 * @throws OperatorError when the file cannot be created or read, or its content is too short
 */
function generatedSecret(databaseFile: string): string {
  const file = `${databaseFile}.secret`;
  try {
    return read(file) ?? create(file);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatorError(
      `Cannot read or create the token secret ${file}: ${reason}. Set tokens.secrets, or make the folder writable.`,
    );
  }
}

function read(file: string): string | null {
  let secret: string;
  try {
    secret = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  if (Buffer.byteLength(secret) >= SHORTEST) return secret;
  throw new OperatorError(
    `${file} has less than ${SHORTEST} bytes and cannot sign tokens. Delete it to generate a new secret; tokens issued before become invalid.`,
  );
}

/** Writes a draft and links it into place, so that two processes that start at the same time use the same complete file. */
function create(file: string): string {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const secret = read(file);
  if (secret === null) throw new OperatorError(`${file} was deleted right after it was created; start again.`);
  return secret;
}
