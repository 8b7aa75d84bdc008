import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findExecutable } from './executables.ts';

/** The programs of one PostgreSQL release. */
export interface PostgresPrograms {
  readonly postgres: string;
  readonly initdb: string;
  readonly control: string;
  readonly basebackup: string;
}

/** @returns null: it is not installed */
export function findPostgres(): PostgresPrograms | null {
  const found = findExecutable('postgres');
  if (found === null) return null;
  // A link may lead to one of several releases; all programs must be of the same.
  const postgres = realpathSync(found);
  const [initdb, control, basebackup] = ['initdb', 'pg_ctl', 'pg_basebackup'].map((name) =>
    join(dirname(postgres), name),
  ) as [string, string, string];
  return { postgres, initdb, control, basebackup };
}

/** For `spawn`: PostgreSQL refuses to run as root, so root runs it as another user, who must own its folder. */
export interface Runner {
  readonly uid?: number;
  readonly gid?: number;
}

export function postgresRunner(): Runner {
  if (process.getuid?.() !== 0) return {};
  for (const user of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = ['-u', '-g'].map((option) =>
        Number(execFileSync('id', [option, user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })),
      );
      if (uid !== undefined && gid !== undefined) return { uid, gid };
    } catch {
      // There is no such user.
    }
  }
  throw new Error('PostgreSQL cannot run as root, and there is neither a user postgres nor nobody');
}

/** What makes the folder of data: the role postgres has every right, without a password. */
export function initialisation(data: string): string[] {
  return ['-D', data, '--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
}

/** What starts the server on a port of one address and a Unix socket in `folder`. Its data need not reach the disk. */
export function serverOptions(data: string, folder: string, port: number, address = '127.0.0.1'): string[] {
  const settings = [`port=${port}`, `listen_addresses=${address}`, `unix_socket_directories=${folder}`, 'fsync=off'];
  return ['-D', data, ...settings.flatMap((setting) => ['-c', setting])];
}
