import { createSecureContext } from 'node:tls';
import type { ListenTlsSettings } from '../schema/listen-tls-options.ts';
import { keyOfCertificate } from './key-pair.ts';
import type { Conflict, Readable } from './readable.ts';

/** Conflicts between the options of TLS to clients. */
export function conflictsOfListenTls({ listen, pages }: Readable): Conflict[] {
  const { tls, redirect } = listen ?? {};
  if (listen !== undefined && tls === undefined) {
    if (redirect === undefined || 'tls' in listen) return [];
    const message = 'needs listen.tls, a certificate and its key; must be left out without it';
    return [{ path: ['listen', 'redirect'], message }];
  }
  if (tls === undefined) return [];
  return [...tls.flatMap(usablePair), ...sameForAll(tls), ...pagesOverHttps(pages?.url)];
}

function usablePair(one: ListenTlsSettings[number], index: number): Conflict[] {
  const place = ['listen', 'tls', index];
  const mismatch = keyOfCertificate(place, one);
  if (mismatch.length > 0) return mismatch;
  const reason = refusalOfOpenSsl(one);
  if (reason === null) return [];
  const message = `is refused by OpenSSL (${reason}); must be a certificate with a key of 2048 bits (RSA) or 256 bits (EC), signed with SHA-256 or better`;
  return [{ path: [...place, 'certificate'], message }];
}

/** Such as a key that is too short: it would otherwise be found when the listener starts. */
function refusalOfOpenSsl({ certificate, key, clientCa }: ListenTlsSettings[number]): string | null {
  try {
    createSecureContext({ cert: certificate, key, ...(clientCa !== undefined && { ca: clientCa }) });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * A client names one server in SNI and may name another in `Host`: what only some certificates required, such as a client
 * certificate, could be avoided.
 */
function sameForAll([first, ...others]: ListenTlsSettings): Conflict[] {
  return (['minVersion', 'clientCa'] as const).flatMap((option) =>
    others.flatMap((other, index) => {
      if (other[option] === first?.[option]) return [];
      const path = ['listen', 'tls', index + 1, ...(other[option] === undefined ? [] : [option])];
      const message = `has another ${option} than the first certificate; must be the same for all, since a client may ask for one name in SNI and send requests to another`;
      return [{ path, message }];
    }),
  );
}

function pagesOverHttps(url: string | undefined): Conflict[] {
  if (url === undefined || url.startsWith('https:')) return [];
  return [{ path: ['pages', 'url'], message: 'is http, but listen.tls has https only; must be a URL with https' }];
}
