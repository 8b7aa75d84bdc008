import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const SCRIPTS = ['postinst', 'prerm', 'postrm'];

export interface Package {
  /** As Debian writes it, such as `1.2.0-1`. */
  readonly version: string;
  readonly architecture: string;
  /** Name and address, such as `Ada <ada@example.com>`. */
  readonly maintainer: string;
  /** Of the build. */
  readonly date: Date;
}

/** `1.2.0-rc.1` becomes `1.2.0~rc.1-1`, which dpkg sorts before `1.2.0-1`. */
export function debianVersion(version: string): string {
  return `${version.replace('-', '~')}-1`;
}

/**
 * Writes what dpkg reads: the folder `DEBIAN`, and Debian's changelog.
 *
 * @param root the checkout
 * @param files all files of the tree, as paths below it
 */
export function writeControl(root: string, tree: string, files: readonly string[], described: Package): void {
  const changelog = 'usr/share/doc/gatehouse/changelog.Debian.gz';
  write(join(tree, changelog), gzipSync(changelogOf(described), { level: 9 }));
  const contents = [...files, changelog].sort().map((file) => ({ file, content: readFileSync(join(tree, file)) }));
  const size = contents.reduce((sum, { content }) => sum + Math.ceil(content.length / 1024), 0);
  write(join(tree, 'DEBIAN/control'), controlOf(described, size));
  write(join(tree, 'DEBIAN/conffiles'), '/etc/gatehouse/gateway.yaml\n');
  write(
    join(tree, 'DEBIAN/md5sums'),
    contents.map(({ file, content }) => `${createHash('md5').update(content).digest('hex')}  ${file}\n`).join(''),
  );
  for (const script of SCRIPTS) {
    write(join(tree, 'DEBIAN', script), readFileSync(join(root, 'deploy/deb/scripts', script)), 0o755);
  }
}

/** The libraries that Node.js and the native modules link to, of the oldest releases that have their symbols. */
const DEPENDENCIES = [
  'adduser',
  'libatomic1',
  'libc6 (>= 2.34)',
  'libgcc-s1',
  'libstdc++6 (>= 5.1)',
  'init-system-helpers (>= 1.54)',
];

/** @param size of the files, in KiB */
function controlOf({ version, architecture, maintainer }: Package, size: number): string {
  return `Package: gatehouse
Version: ${version}
Architecture: ${architecture}
Maintainer: ${maintainer}
Installed-Size: ${size}
Depends: ${DEPENDENCIES.join(', ')}
Suggests: default-mysql-server | postgresql, redis-server
Section: httpd
Priority: optional
Description: API gateway that authenticates requests by your users table
 Gatehouse authenticates every request below a prefix, by email and password
 or by a token that it issued itself, and forwards it with a header that
 clients cannot forge. It reads the users table of an existing application, or
 has accounts of its own in SQLite, MySQL or PostgreSQL.
 .
 This package includes the release of Node.js that runs it.
`;
}

function changelogOf({ version, maintainer, date }: Package): string {
  const [weekday, day, month, year, time] = date.toUTCString().replace(',', '').split(' ');
  return `gatehouse (${version}) unstable; urgency=medium

  * Packaged from the sources; changelog.gz lists the changes.

 -- ${maintainer}  ${weekday}, ${day} ${month} ${year} ${time} +0000
`;
}

function write(file: string, content: string | Buffer, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content, { mode });
}
