import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Folders of servers that are not in a normal user's PATH: Debian, Red Hat, Homebrew. */
const FURTHER_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/usr/local/bin', '/usr/bin', '/usr/libexec'];
const KEGS = ['mariadb', 'mysql', 'redis', 'postgresql', 'postgresql@17'];
/** Each release of PostgreSQL has a folder of its own: on Debian `15/bin`. */
const POSTGRES_RELEASES = '/usr/lib/postgresql';

/** The full path of the first installed program of `names`, or null. */
export function findExecutable(...names: string[]): string | null {
  for (const name of names) {
    const found = searchPath().find((folder) => isExecutable(join(folder, name)));
    if (found !== undefined) return join(found, name);
  }
  return null;
}

function searchPath(): string[] {
  const onPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...onPath, ...FURTHER_FOLDERS, ...postgresFolders(), ...homebrewFolders()];
}

/** The newest release first. */
function postgresFolders(): string[] {
  try {
    const releases = readdirSync(POSTGRES_RELEASES).sort((a, b) => Number(b) - Number(a));
    return releases.map((release) => join(POSTGRES_RELEASES, release, 'bin'));
  } catch {
    return [];
  }
}

function homebrewFolders(): string[] {
  const prefixes = [process.env.HOMEBREW_PREFIX ?? '/opt/homebrew', '/usr/local', '/home/linuxbrew/.linuxbrew'];
  return prefixes.flatMap((prefix) => [
    join(prefix, 'bin'),
    join(prefix, 'sbin'),
    ...KEGS.map((keg) => join(prefix, 'opt', keg, 'bin')),
  ]);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
