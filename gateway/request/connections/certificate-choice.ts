import type { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { ListenTlsSettings } from '../../settings/schema/listen-tls-options.ts';
import { certificatesIn } from '../../settings/schema/tls-options.ts';

/** Chooses the certificate for the name that a client asks for (SNI); undefined: the default one. */
export type ChooseCertificate = (serverName: string) => SecureContext | undefined;

/** Ciphers with forward secrecy and authenticated encryption; the list is that of Mozilla's "intermediate" configuration. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** Such as `api.example.com`; other texts are never looked up. */
const SERVER_NAME = /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/i;

/** The options of a certificate under Node's names. */
export function secureContextOptions({
  certificate,
  key,
  minVersion,
  clientCa,
}: ListenTlsSettings[number]): SecureContextOptions {
  return {
    cert: certificate,
    key,
    minVersion: `TLSv${minVersion}`,
    ciphers: CIPHERS,
    ...(clientCa !== undefined && { ca: clientCa }),
  };
}

/** A name in a certificate comes before a wildcard, then the order of the configuration counts. */
export function chooseCertificate(tls: ListenTlsSettings): ChooseCertificate {
  const all = tls.flatMap((one) => {
    const [leaf] = certificatesIn(one.certificate);
    return leaf === undefined ? [] : [{ leaf, context: createSecureContext(secureContextOptions(one)) }];
  });
  return (serverName) => {
    if (!SERVER_NAME.test(serverName)) return undefined;
    const named = all.find(({ leaf }) => isFor(leaf, serverName, false));
    return (named ?? all.find(({ leaf }) => isFor(leaf, serverName, true)))?.context;
  };
}

function isFor(leaf: X509Certificate, serverName: string, wildcards: boolean): boolean {
  return leaf.checkHost(serverName, { wildcards, partialWildcards: false }) !== undefined;
}
