import type { StoredHash } from './stored-hash.ts';

const FORM = /^\$([a-z0-9]+)[$,]/;
const INSTEAD = 'which the gateway does not compute; of crypt(3), it computes $5$, $6$ and bcrypt';
/** By prefix: formats of crypt(3) that the gateway knows, but no kept library or primitive of Node computes. */
const FORMATS: ReadonlyMap<string, string> = new Map([
  ['y', 'yescrypt'],
  ['gy', 'gost-yescrypt'],
  ['7', 'crypt scrypt'],
  ['1', 'crypt md5'],
  ['apr1', 'Apache md5'],
  ['md5', 'Solaris md5'],
  ['sha1', 'NetBSD sha1'],
  ['3', 'NT hash'],
]);

/** Names the other formats of crypt(3). */
export function readUnsupported(text: string): StoredHash | null {
  const format = FORMATS.get(FORM.exec(text)?.[1] ?? '');
  return format === undefined ? null : { verifiable: false, format, reason: INSTEAD };
}
