import { z } from 'zod';
import { oneOf, options, wholeNumber } from './formats.ts';
import { addressOptions, host, type WrittenAddress } from './listener-options.ts';
import { certificates, privateKey } from './tls-options.ts';

/** A certificate of the public listener, with its key. Both are PEM. */
const certificate = options({
  certificate: certificates().describe(
    'The certificate of the listener, followed by its issuers, such as fullchain.pem.',
  ),
  key: privateKey().describe('The private key of that certificate, without a passphrase.'),
  minVersion: oneOf('1.2', '1.3').prefault('1.2').describe('The oldest version of TLS that is accepted.'),
  clientCa: certificates()
    .exactOptional()
    .describe('Authorities: each client must have a valid certificate from one of them. Left out: none is asked for.'),
});

const MANY_FORM = 'must be a map with certificate and key, or a list of such maps';

/** TLS of the public listener. The first certificate is for clients that name no server, or one that no certificate is for. */
export function listenTlsOptions() {
  return z
    .preprocess(
      (value) => (isMap(value) ? [value] : value),
      z.array(certificate, { error: MANY_FORM }).min(1, { error: `is an empty list; ${MANY_FORM}` }),
    )
    .meta({ orItem: true });
}

/** In the order of the configuration; never empty. */
export type ListenTlsSettings = z.output<ReturnType<typeof listenTlsOptions>>;

/** The listener that sends clients of http to https. A port stands for a map with that port. */
export function redirectOptions() {
  return z
    .preprocess(
      (value) => (isMap(value) ? value : { port: value }),
      options({
        ...addressOptions('listen.redirect'),
        host: host.exactOptional().describe('The IP address or host name to listen on; that of listen when left out.'),
        httpsPort: wholeNumber(1, 65_535, 'a port')
          .exactOptional()
          .describe('The public port of https, if it is not listen.port, such as 443 in front of a container.'),
      }),
    )
    .meta({ shorthand: true });
}

export type RedirectSettings = z.output<ReturnType<typeof redirectOptions>>;

/** Where the listener is that sends clients to https. */
export function redirectAddress(listen: WrittenAddress, redirect: RedirectSettings): WrittenAddress {
  return { ...('host' in listen && { host: listen.host }), ...redirect };
}

function isMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
