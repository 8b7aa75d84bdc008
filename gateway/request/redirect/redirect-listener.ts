import type { IncomingMessage } from 'node:http';
import { badRequest, GatewayError } from '../../domain/errors.ts';
import { comparableHost } from '../../fields/host.ts';
import { forwardingFields } from '../../http/client-address.ts';
import { mustCloseAfterAnswer } from '../../http/early-answer.ts';
import { answerError, asGatewayError } from '../../http/error-answer.ts';
import { readHead } from '../../http/head.ts';
import { parseTarget } from '../../http/target.ts';
import { isHost } from '../../settings/schema/addresses.ts';
import { logWhenOver, type RequestMeter } from '../access-log.ts';
import { createListener, type Listener, type ListenerDeps } from '../listener.ts';
import { newRecord } from '../record.ts';
import type { KnowsHost } from './known-hosts.ts';

export interface RedirectListenerDeps
  extends Pick<ListenerDeps, 'log' | 'stages' | 'senderOf' | 'peerOf' | 'timeouts'> {
  readonly meter: RequestMeter;
  /** May change between two requests. */
  readonly knowsHost: KnowsHost;
  /** The public port of https. */
  httpsPort(): number;
}

const HTTPS = 443;

/** Creates the listener that sends clients of http to the same host and target by https (308: method and body stay). */
export function createRedirectListener(deps: RedirectListenerDeps): Listener {
  const { log, meter, senderOf, knowsHost, httpsPort } = deps;
  return createListener({
    ...deps,
    // Must not be sent over http (RFC 6797 section 7.2).
    strictTransport: () => null,
    onUpgrade: null,
    acceptPlain: null,
    onRequest(req, res) {
      const { client } = senderOf(req.socket.remoteAddress, forwardingFields(req));
      const record = newRecord(req, client, req.headers['x-request-id']);
      const awaitsContinue = req.headers.expect !== undefined;
      logWhenOver(log, meter, record, req, res);
      try {
        const location = locationFor(req, knowsHost, httpsPort());
        const closes = mustCloseAfterAnswer(req, res, awaitsContinue);
        const fields = { Location: location, 'Content-Length': '0', 'X-Request-Id': record.id };
        res.writeHead(308, { ...fields, ...(closes && { Connection: 'close' }) });
        res.end();
      } catch (thrown) {
        const error = asGatewayError(thrown);
        record.failure = error;
        record.sent = answerError(req, res, error, { record, page: null, awaitsContinue });
      }
      return record;
    },
  });
}

/**
 * The URL for a request, of its own host only: a host or target that two programs could read differently is refused, and so is
 * a host that the gateway does not answer for, which a cache could otherwise keep for others.
 *
 * @throws GatewayError 400 or 404
 */
function locationFor(req: IncomingMessage, knowsHost: KnowsHost, port: number): string {
  const { host } = readHead(req.rawHeaders, req.httpVersion);
  const { path, query } = parseTarget(req.url ?? '', host);
  const name = comparableHost(host ?? '');
  if (!isHost(name.replace(/^\[|\]$/g, ''))) throw badRequest('The Host header must name a host');
  if (!knowsHost(name)) throw new GatewayError('not_found', 'no route has this host');
  if (!VISIBLE.test(path + query)) throw badRequest('The request target must be visible ASCII');
  return `https://${name}${port === HTTPS ? '' : `:${port}`}${path}${query}`;
}

const VISIBLE = /^[!-~]+$/;
