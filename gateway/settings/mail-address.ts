import { domainToASCII, domainToUnicode } from 'node:url';

/** RFC 5321 sections 4.5.3.1.1 and 4.5.3.1.3, in bytes. */
const LONGEST_LOCAL_PART = 64;
const LONGEST_ADDRESS = 254;

/**
 * A dot-atom (RFC 5322 section 3.2.3), also of letters beyond ASCII (RFC 6531). Without `%` and `!`, by which a relay may
 * be told to send the mail on to somebody else, and not with a `-` in front, which programs take for an option.
 */
const ATOM = "[\\p{L}\\p{M}\\p{N}#$&'*+/=?^_`{|}~-]+";
const LOCAL_PART = new RegExp(`^(?!-)${ATOM}(?:\\.${ATOM})*$`, 'u');
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
/** The last label is never a number: that would be an IP address. */
const DOMAIN = new RegExp(`^(?:${LABEL}\\.)*(?!\\d+$)${LABEL}$`);

/**
 * Whether mail can be sent to this address: one mailbox and nothing else, whatever program reads it.
 *
 * The domain must be written as it is looked up, save for case. Else `ada@ｅxample.com` would be another address than
 * `ada@example.com` to us and the same one to the mail server: many more mails for Ada than the limit allows.
 */
export function isMailAddress(text: string): boolean {
  const at = text.lastIndexOf('@');
  const localPart = text.slice(0, at);
  if (at < 0 || Buffer.byteLength(localPart) > LONGEST_LOCAL_PART || !LOCAL_PART.test(localPart)) return false;
  const domain = text.slice(at + 1).toLowerCase();
  const ascii = domainToASCII(domain);
  if (!DOMAIN.test(ascii) || (ascii !== domain && domainToUnicode(ascii) !== domain.normalize('NFC'))) return false;
  return Buffer.byteLength(`${localPart}@${ascii}`) <= LONGEST_ADDRESS;
}
