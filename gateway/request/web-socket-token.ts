import { badRequest, GatewayError } from '../domain/errors.ts';
import { offeredProtocols } from '../fields/web-socket-token.ts';
import { allowOriginValue } from '../routing/cors.ts';
import type { Route } from '../routing/route.ts';
import type { IncomingRequest } from './incoming-request.ts';

/**
 * Finds the token that a script in a browser sends among the protocols of a WebSocket.
 *
 * Runs before authentication. The script must come from an origin that the route names: a page that has got hold of a token
 * opens no WebSocket from elsewhere (cross-site WebSocket hijacking).
 *
 * @returns the value of the `Authorization` field that it stands for; null: none, or the route takes none
 * @throws GatewayError 400 for several credentials, or for the token alone: the upstream could select no protocol, and
 *   browsers then close the connection; 403 for another origin
 */
export function webSocketTokenOf({ isHandshake, head }: IncomingRequest, route: Route): string | null {
  if (!route.takesWebSocketToken || !isHandshake || head.webSocketProtocols === undefined) return null;
  const { protocols, tokens } = offeredProtocols(head.webSocketProtocols);
  const [token, ...others] = tokens;
  if (token === undefined) return null;
  if (others.length > 0) throw badRequest('Sec-WebSocket-Protocol has more than one token');
  if (head.authorization !== undefined) {
    throw badRequest('Authorization and a token in Sec-WebSocket-Protocol exclude each other');
  }
  if (route.takesApiKey && head.apiKey !== undefined) {
    throw badRequest('X-API-Key and a token in Sec-WebSocket-Protocol exclude each other');
  }
  if (protocols.length === 0) throw badRequest('Sec-WebSocket-Protocol must name another protocol beside the token');
  if (head.origin === undefined || allowOriginValue(route.cors?.origins ?? [], head.origin) !== head.origin) {
    throw new GatewayError('forbidden', `a token in Sec-WebSocket-Protocol from ${head.origin ?? 'no origin'}`, {
      publicMessage: 'Pages of this origin may not send a token in Sec-WebSocket-Protocol',
    });
  }
  return `Bearer ${token}`;
}
