import { domainToASCII, domainToUnicode } from 'node:url';
import { z } from 'zod';
import { refusedUrl } from './refused-url.ts';

/** How the gateway sends mail. */
export type MailLocation =
  | {
      readonly kind: 'smtp';
      /** Implicit TLS. false: STARTTLS if the server offers it. */
      readonly tls: boolean;
      readonly host: string;
      readonly port: number;
      readonly credentials: { readonly user: string; readonly password: string } | null;
    }
  /** Mails are written to files and printed instead of sent. */
  | { readonly kind: 'folder'; readonly folder: string };

/** The sender of a mail. */
export interface Sender {
  /** May be empty. */
  readonly name: string;
  readonly address: string;
}

const FORMS =
  'must be smtp://user:password@host:587, smtps://user:password@host:465 (TLS from the start), folder:PATH, or empty for no mail';
const ENCODE = 'with special characters in user and password percent-encoded, such as %40 for @';
const PORTS = { 'smtp:': 587, 'smtps:': 465 } as const;

/** The parsed mail URL; null when it is empty. */
export function mailUrl() {
  return z.string({ error: FORMS }).transform((text, context): MailLocation | null => {
    if (text === '') return null;
    const location = parseMailUrl(text);
    if (typeof location !== 'string') return location;
    context.addIssue({ code: 'custom', message: location });
    return z.NEVER;
  });
}

/** @returns the location, or the problem, which does not repeat the text: it may hold a password */
export function parseMailUrl(text: string): MailLocation | string {
  if (text.startsWith('folder:')) return parseFolder(text);
  const location = parseSmtp(text);
  return typeof location === 'string' ? refusedUrl(text, location) : location;
}

function parseFolder(text: string): MailLocation | string {
  const folder = text.slice('folder:'.length);
  if (folder === '') return 'names no folder after folder:; must be like folder:data/mail';
  if (folder.startsWith('//')) {
    return 'has // after folder:; must be folder:data/mail or folder:/var/lib/gatehouse/mail';
  }
  if (folder.includes('\0')) return 'has a NUL character in its folder name; must be like folder:data/mail';
  return { kind: 'folder', folder };
}

function parseSmtp(text: string): MailLocation | string {
  if (!/^smtps?:\/\//.test(text)) return `is not a supported mail URL; ${FORMS}`;
  const url = URL.parse(text);
  if (url === null) return `is not a valid URL; ${FORMS}, ${ENCODE}`;
  if (url.search !== '' || url.hash !== '') return `has a "?" or "#" part; ${FORMS}, ${ENCODE}`;
  if (url.hostname === '') return `names no host; ${FORMS}`;
  if (!['', '/'].includes(url.pathname)) return `has a path after the host; ${FORMS}, ${ENCODE}`;
  if (url.port === '0') return `has port 0; ${FORMS}`;
  if ((url.username === '') !== (url.password === '')) return `has only one of user and password; ${FORMS}, or neither`;
  try {
    const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
    return {
      kind: 'smtp',
      tls: url.protocol === 'smtps:',
      host: decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? PORTS[url.protocol as keyof typeof PORTS] : Number(url.port),
      credentials: user === '' ? null : { user, password },
    };
  } catch {
    return `has a "%" that is not part of a percent-encoding; ${FORMS}, ${ENCODE} or %25 for %`;
  }
}

const SENDER_FORM = 'must be an address such as no-reply@example.com, or Gatehouse <no-reply@example.com>';

/** The sender of mails: an address, or a name with the address in angle brackets. */
export function sender() {
  return z.string({ error: SENDER_FORM }).transform((text, context): Sender => {
    const [, quoted, plain, address = text] = /^(?:"([^"]*)"|([^"<>]*?)) *<([^<>]*)>$/.exec(text) ?? [];
    const name = quoted ?? plain ?? '';
    if (isMailAddress(address) && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) return { name, address };
    context.addIssue({ code: 'custom', message: SENDER_FORM });
    return z.NEVER;
  });
}

/** RFC 5321 sections 4.5.3.1.1 and 4.5.3.1.3, in bytes. */
const LONGEST_LOCAL_PART = 64;
const LONGEST_ADDRESS = 254;

/**
 * A dot-atom (RFC 5322 section 3.2.3), with letters beyond ASCII (RFC 6531). Without `%` and `!`, which relays may interpret as
 * source routes, and without a leading `-`, which programs may take for an option (argument injection).
 */
const ATOM = "[\\p{L}\\p{M}\\p{N}#$&'*+/=?^_`{|}~-]+";
const LOCAL_PART = new RegExp(`^(?!-)${ATOM}(?:\\.${ATOM})*$`, 'u');
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
/** The last label must not be a number: the name would be an IP address. */
const DOMAIN = new RegExp(`^(?:${LABEL}\\.)*(?!\\d+$)${LABEL}$`);

const ENCODED_LABEL = /(?:^|\.)xn--/;

/**
 * Whether mail can be sent to this address, and every parser reads it as the same single mailbox.
 *
 * The domain must be in its normalised form, except for case. Otherwise `ada@ｅxample.com` and `ada@example.com` would be two
 * addresses for the gateway and one for the mail server, and Ada would get more mails than the limit allows.
 */
export function isMailAddress(text: string): boolean {
  const at = text.lastIndexOf('@');
  const localPart = text.slice(0, at);
  if (at < 0 || Buffer.byteLength(localPart) > LONGEST_LOCAL_PART || !LOCAL_PART.test(localPart)) return false;
  const domain = text.slice(at + 1).toLowerCase();
  const ascii = domainToASCII(domain);
  const unicode = domainToUnicode(ascii);
  // A label that stays encoded is no Punycode (RFC 5891 section 4.2.1): mail servers read it as different names, or as none.
  if (!DOMAIN.test(ascii) || ENCODED_LABEL.test(unicode)) return false;
  if (ascii !== domain && unicode !== domain.normalize('NFC')) return false;
  return Buffer.byteLength(`${localPart}@${ascii}`) <= LONGEST_ADDRESS;
}
