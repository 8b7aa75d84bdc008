import { realpathSync } from 'node:fs';

/**
 * Makes every mount read-only in a mount namespace of its own, but for the folder $DATA, and for /proc, /sys and the devices, which
 * containers have too. Then it becomes the program in "$@". The options of a mount stay: a user namespace may not clear them.
 */
const SCRIPT = `set -eu
mount --make-rprivate /
mount --bind "$DATA" "$DATA"
cut -d ' ' -f 5,6 /proc/self/mountinfo > "$DATA/mounts"
while read -r target options; do
  case "$target" in
    "$DATA" | /proc | /proc/* | /sys | /sys/* | /dev | /dev/pts | /dev/console) ;;
    *) mount --options "remount,bind,$(printf %s "$options" | sed 's/^rw\\b/ro/')" "$(printf %b "$target")" ;;
  esac
done < "$DATA/mounts"
rm "$DATA/mounts"
cd "$DATA/.."
exec "$@"
`;

/** The command line that runs a program where only `data` is writable. Root needs no user namespace for it. */
export function readOnlyExceptFor(data: string, program: readonly string[]): { command: string; args: string[] } {
  const namespaces = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--user', '--map-root-user'];
  const real = realpathSync(data);
  return {
    command: 'unshare',
    args: [...namespaces, 'env', `DATA=${real}`, 'sh', '-c', SCRIPT, 'sh', ...program],
  };
}
