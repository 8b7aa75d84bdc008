import type { ServerResponse } from 'node:http';
import { isHttps, parseForwarded } from '../fields/forwarded.ts';
import type { ForwardingFields, Sender } from '../http/client-address.ts';
import type { Settings } from '../settings/schema/settings.ts';

/** HTTP Strict Transport Security (RFC 6797), compiled. */
export interface StrictTransport {
  /** The field's value; null: the gateway never sends the field. */
  readonly value: string | null;
  /**
   * An answer carries the field if the client uses https, as its connection shows or a trusted proxy reports. If
   * neither does, `pages.url` decides. The field must not be sent over http (section 7.2).
   *
   * @returns the field's value for an answer to this sender; null: none
   */
  valueFor(sender: Pick<Sender, 'peer' | 'forwarding'>): string | null;
}

export function compileStrictTransport({
  listen,
  pages,
  trustedProxies,
}: Pick<Settings, 'listen' | 'pages' | 'trustedProxies'>): StrictTransport {
  const { hsts } = listen;
  if (hsts === undefined) return { value: null, valueFor: () => null };
  const isHttpsOutside = pages.url?.startsWith('https://') ?? false;
  const value = [
    `max-age=${Math.floor(hsts.maxAge / 1000)}`,
    ...(hsts.includeSubDomains ? ['includeSubDomains'] : []),
    ...(hsts.preload ? ['preload'] : []),
  ].join('; ');
  const usesHttps = ({ peer, forwarding }: Pick<Sender, 'peer' | 'forwarding'>): boolean => {
    if (!peer.trusted) return peer.usesTls || (trustedProxies.length === 0 && isHttpsOutside);
    const protocol = protocolOf(forwarding);
    return protocol === undefined ? peer.usesTls || isHttpsOutside : isHttps(protocol);
  };
  return { value, valueFor: (sender) => (usesHttps(sender) ? value : null) };
}

/** Adds the field to one of the gateway's own answers, if it applies. */
export function tellStrictTransport({ valueFor }: StrictTransport, res: ServerResponse, sender: Sender): void {
  const value = valueFor(sender);
  if (value !== null && !res.headersSent) res.setHeader('Strict-Transport-Security', value);
}

/** The client's scheme, as a proxy reports it. */
function protocolOf({ forwardedProto, forwarded }: ForwardingFields): string | undefined {
  if (forwardedProto !== undefined) return forwardedProto;
  return forwarded === undefined ? undefined : parseForwarded(forwarded).at(-1)?.proto;
}
