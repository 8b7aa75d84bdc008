import { createPrivateKey } from 'node:crypto';
import { certificatesIn, type TlsSettings } from '../schema/tls-options.ts';
import type { Conflict } from './readable.ts';

/** Conflicts between a certificate and its key: they must be set together, and belong together. */
export function keyOfCertificate(
  place: Conflict['path'],
  tls: Pick<Partial<TlsSettings>, 'certificate' | 'key'> | undefined,
): Conflict[] {
  const { certificate, key } = tls ?? {};
  if (certificate === undefined && key === undefined) return [];
  if (certificate === undefined || key === undefined) {
    const [given, missing] = certificate === undefined ? ['key', 'certificate'] : ['certificate', 'key'];
    return [{ path: [...place, given], message: `needs tls.${missing}; must be left out, or both must be set` }];
  }
  if (certificatesIn(certificate)[0]?.checkPrivateKey(createPrivateKey(key))) return [];
  const message = 'does not belong to the first certificate of tls.certificate; must be the private key of that one';
  return [{ path: [...place, 'key'], message }];
}
