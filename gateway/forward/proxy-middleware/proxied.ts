import type { IncomingMessage, ServerResponse } from 'node:http';
import { createProxyMiddleware, type Plugin, type RequestHandler } from 'http-proxy-middleware';
import type { CreateAttempt } from '../attempt.ts';
import { forwardHttp } from '../forward-http.ts';
import type { Outgoing } from '../outgoing.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { LoadedModule } from './intercept-modules.ts';
import { ProxiedAttempt } from './proxied-attempt.ts';

/**
 * Calls the middleware with a request and a response, from where it is mounted. Rejects with the error that the middleware
 * passes to `next`; stays pending when the middleware answers.
 */
export type Hand = (middleware: RequestHandler, req: IncomingMessage, res: ServerResponse) => Promise<void>;

/** As `forwardHttp`, through http-proxy-middleware. */
export type ForwardProxied = (
  req: IncomingMessage,
  res: ServerResponse,
  outgoing: Outgoing,
  hand: Hand,
) => Promise<void>;

/**
 * Forwards the requests of a route through http-proxy-middleware, for its options. Deadlines, retries and failures are the
 * same as on every other route.
 *
 * @param module intercepts answers; null: none
 */
export function createForwardProxied(module: LoadedModule | null): ForwardProxied {
  const attempts: Attempts = new WeakMap();
  const middlewares = new WeakMap<Upstream, RequestHandler>();

  const middlewareFor = (upstream: Upstream) => {
    const made = middlewares.get(upstream) ?? createMiddleware(upstream, attempts);
    middlewares.set(upstream, made);
    return made;
  };

  const attemptBy =
    (hand: Hand): CreateAttempt =>
    (req, res, outgoing, upstream, events) =>
      new ProxiedAttempt({ req, res, outgoing }, upstream, events, {
        module,
        send(attempt, request, response) {
          attempts.set(request, attempt);
          // Both have the members that the library uses.
          return hand(middlewareFor(upstream), request as IncomingMessage, response as ServerResponse);
        },
      });
  return (req, res, outgoing, hand) => forwardHttp(req, res, outgoing, attemptBy(hand));
}

/** Attempts by the requests that were handed to the library. */
type Attempts = WeakMap<object, ProxiedAttempt>;

function createMiddleware(upstream: Upstream, attempts: Attempts): RequestHandler {
  const { protocol, hostname, port } = new URL(upstream.socketPath === null ? upstream.origin : 'http://localhost');
  return createProxyMiddleware({
    // In parts: the library cannot parse a URL with an IPv6 address.
    target: { protocol, host: hostname, port },
    agent: upstream.agent,
    // The library's own plugins write error answers and log lines in another form.
    ejectPlugins: true,
    plugins: [reportTo(attempts)],
  });
}

function reportTo(attempts: Attempts): Plugin {
  // An exception in a listener would end the process.
  const tell = (req: IncomingMessage, happened: (attempt: ProxiedAttempt) => void) => {
    const attempt = attempts.get(req);
    try {
      if (attempt !== undefined) happened(attempt);
    } catch (error) {
      attempt?.onError(error);
    }
  };
  return (proxy) => {
    proxy.on('proxyReq', (proxyReq, req) => tell(req, (attempt) => attempt.onRequest(proxyReq)));
    proxy.on('proxyRes', (answer, req) => tell(req, (attempt) => attempt.onResponse(answer)));
    proxy.on('error', (error, req) => req && tell(req, (attempt) => attempt.onError(error)));
  };
}
