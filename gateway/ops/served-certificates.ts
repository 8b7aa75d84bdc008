import type { X509Certificate } from 'node:crypto';
import type { ListenTlsSettings } from '../settings/schema/listen-tls-options.ts';
import { certificatesIn } from '../settings/schema/tls-options.ts';

/** A certificate that the listener shows to clients. */
export interface ServedCertificate {
  /** Its place in `listen.tls`, from 0. */
  readonly index: number;
  /** The host names and addresses that it is for, as it has them; never empty. */
  readonly names: readonly string[];
  readonly validFrom: Date;
  readonly validTo: Date;
}

/** The certificates of the public listener, without their issuers; none without TLS. */
export function servedCertificates(tls: ListenTlsSettings | undefined): ServedCertificate[] {
  return (tls ?? []).flatMap(({ certificate }, index) =>
    certificatesIn(certificate)
      .slice(0, 1)
      .map((leaf) => ({ index, names: namesOf(leaf), validFrom: leaf.validFromDate, validTo: leaf.validToDate })),
  );
}

const DAY = 86_400_000;
/** Days before its end from which a certificate is warned of. Certbot renews 30 days before. */
const SOON = 14;

/** Whether clients accept a certificate at a time. */
export type Validity =
  | { readonly kind: 'valid' | 'expired' | 'early' }
  /** `days`: the whole days that are left. */
  | { readonly kind: 'soon'; readonly days: number };

/** @param now in ms since 1970 */
export function validityOf({ validFrom, validTo }: ServedCertificate, now: number): Validity {
  const left = validTo.getTime() - now;
  if (left <= 0) return { kind: 'expired' };
  if (validFrom.getTime() > now) return { kind: 'early' };
  return left < SOON * DAY ? { kind: 'soon', days: Math.floor(left / DAY) } : { kind: 'valid' };
}

/** One name of `subjectAltName`; those with special characters are in quotes, as JSON. */
const ALTERNATIVE = /(?:DNS|IP Address):("(?:[^"\\]|\\.)*"|[^,]*)/g;

function namesOf({ subjectAltName = '', subject }: X509Certificate): string[] {
  const names = Array.from(subjectAltName.matchAll(ALTERNATIVE), ([, name = '']) => name);
  return names.length > 0 ? [...new Set(names)] : [/^CN=(.*)$/m.exec(subject)?.[1] ?? 'unnamed'];
}
