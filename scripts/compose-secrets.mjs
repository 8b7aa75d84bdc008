import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = join(dirname(dirname(fileURLToPath(import.meta.url))), 'config', 'compose', 'secrets');
/** Name and size in bytes of each secret; in base64url, which stands in a URL as it is. */
const SECRETS = { mysql_password: 24, token_secret: 48 };

// Compose mounts the files with the owner and mode they have here, and the containers run as other users: so the files
// are readable to all, and the folder, which is not mounted, lets nobody else on this machine reach them.
mkdirSync(FOLDER, { recursive: true });
chmodSync(FOLDER, 0o700);
for (const [name, bytes] of Object.entries(SECRETS)) {
  const file = join(FOLDER, name);
  try {
    writeFileSync(file, randomBytes(bytes).toString('base64url'), { flag: 'wx', mode: 0o644 });
    process.stdout.write(`Made ${file}\n`);
  } catch (error) {
    if (error.code !== 'EEXIST') {
      process.stderr.write(`Cannot write ${file}: ${error.message}\n`);
      process.exit(1);
    }
    process.stdout.write(`Kept ${file}\n`);
  }
}
