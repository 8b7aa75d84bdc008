/** Prefixes of formats that other programs write. Any other text may be a plain-text password, and is not shown. */
const PREFIX =
  /^(?:\$[a-z0-9-]{1,12}\$|\{[a-z0-9._-]{1,16}\}|(?:unsalted_)?(?:md5|sha1|sha224|sha256|sha384|sha512|crypt|bcrypt|scrypt|argon2|pbkdf2|plain)[a-z0-9_:-]{0,24}\$)/i;
const DIGESTS: ReadonlyMap<number, string> = new Map([
  [32, 'MD5'],
  [40, 'SHA-1'],
  [64, 'SHA-256'],
  [128, 'SHA-512'],
]);

const NO_PASSWORD = /^(?:!!?|\*|\*LK\*|![A-Za-z0-9]{40})$/;
const NEVER = 'which is never accepted: the application must store another hash, or the users choose new passwords';

/** Describes a hash of unknown format by its prefix or its length; reveals nothing else of it. */
export function describeUnknown(hash: string): string {
  if (hash === '') return 'the hash is empty';
  if (NO_PASSWORD.test(hash))
    return 'the hash is a mark for an account without a password, as Django and Unix write it';
  const [prefix] = PREFIX.exec(hash) ?? [];
  if (prefix !== undefined) return `the hash has an unknown format: it begins with ${prefix}`;
  const digest = /^[0-9a-f]+$/i.test(hash) ? DIGESTS.get(hash.length) : undefined;
  if (digest !== undefined) return `the hash is as long as an unsalted ${digest}, ${NEVER}`;
  if (/^[./0-9A-Za-z]{13}$/.test(hash)) return `the hash is as long as DES of crypt(3), ${NEVER}`;
  return `the hash has an unknown format, or is the password itself, ${NEVER}`;
}
