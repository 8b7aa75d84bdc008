import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { z } from 'zod';
import { confidential, matching, options } from './formats.ts';

const CERTIFICATE_FORM = `must be a certificate in PEM form, such as "\${file:/etc/gatehouse/certificate.pem}"`;
const KEY_FORM = `must be a private key in PEM form, such as "\${file:/etc/gatehouse/private-key.pem}"`;

/** How the gateway connects to a server by TLS. */
export type TlsSettings = z.output<ReturnType<typeof tlsOptions>>;

/** The options of TLS to servers, for each kind of server. Certificates and keys are PEM. */
export function tlsOptions() {
  return options({
    ca: certificates()
      .exactOptional()
      .describe("The certificate authorities for the server's certificate; left out: those of Node.js."),
    certificate: certificates().exactOptional().describe('The client certificate of the gateway.'),
    key: privateKey().exactOptional().describe('The private key of that certificate.'),
    serverName: matching(/^[A-Za-z0-9.-]+$/, 'must be a host name, such as orders.internal')
      .exactOptional()
      .describe("The name that the server's certificate must have, instead of the host in its URL."),
  });
}

/** One certificate or more. */
export function certificates() {
  return confidential(certificatesProblem, CERTIFICATE_FORM);
}

/** A private key without a passphrase. */
export function privateKey() {
  return confidential(keyProblem, KEY_FORM);
}

/** The options under Node's names. */
export function nodeTlsOptions({ ca, certificate, key, serverName }: TlsSettings) {
  return {
    ...(ca !== undefined && { ca }),
    ...(certificate !== undefined && { cert: certificate }),
    ...(key !== undefined && { key }),
    ...(serverName !== undefined && { servername: serverName }),
  };
}

/** The certificates of a PEM text, in its order. @throws Error when one of them is malformed */
export function certificatesIn(pem: string): X509Certificate[] {
  return (pem.match(/-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END \1?CERTIFICATE-----/g) ?? []).map(
    (text) => new X509Certificate(text),
  );
}

/** How many certificates begin in a PEM text, whole or not. */
function begun(pem: string): number {
  return pem.match(/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/g)?.length ?? 0;
}

function certificatesProblem(text: string): string | null {
  if (!text.includes('-----BEGIN ')) return `is not PEM; ${CERTIFICATE_FORM}`;
  try {
    const whole = certificatesIn(text).length;
    // OpenSSL would leave out an authority that is cut off, and all that follow.
    if (whole > 0 && whole < begun(text)) return `holds a certificate that is cut off; ${CERTIFICATE_FORM}`;
    if (whole > 0) return null;
  } catch {
    return `holds a malformed certificate; ${CERTIFICATE_FORM}`;
  }
  const what = text.includes('PRIVATE KEY-----') ? 'is a private key, not a certificate' : 'holds no whole certificate';
  return `${what}; ${CERTIFICATE_FORM}`;
}

function keyProblem(text: string): string | null {
  if (!text.includes('-----BEGIN ')) return `is not PEM; ${KEY_FORM}`;
  // Found before OpenSSL reads it: without a passphrase, its error does not say what is wrong.
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type:.*ENCRYPTED/m.test(text)) {
    return `is encrypted; must be a private key without a passphrase, such as what "openssl pkey -in key.pem" prints`;
  }
  if (!text.includes('PRIVATE KEY-----')) return `holds no private key; ${KEY_FORM}`;
  try {
    createPrivateKey(text);
    return null;
  } catch {
    return `is a malformed private key; ${KEY_FORM}`;
  }
}
