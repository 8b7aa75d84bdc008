import type { IncomingMessage, ServerResponse } from 'node:http';
import Koa from 'koa';
import { type Dispatcher, Pool } from 'undici';

/**
 * The least that forwards by Koa and undici: streams both ways with back-pressure, takes the hop-by-hop fields off, and
 * does nothing else. It is the plain way, and no limit: the gateway does not forward through Koa, and keeps a stack of undici
 * clients of its own in place of a pool.
 *
 * node forwarder.ts PORT UPSTREAM
 */
const [port = '', upstream = ''] = process.argv.slice(2);
const pool = new Pool(upstream, { connections: 128 });
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'trailer', 'expect']);

class Forwarding implements Dispatcher.DispatchHandler {
  readonly #res: ServerResponse;

  constructor(res: ServerResponse) {
    this.#res = res;
  }

  onRequestStart(): void {
    // undici insists on this method.
  }

  onResponseStart({ rawHeaders }: Dispatcher.DispatchController, status: number): void {
    if (status >= 200)
      this.#res.writeHead(status, endToEnd((rawHeaders as Buffer[]).map((part) => part.toString('latin1'))));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#res.write(chunk)) return;
    controller.pause();
    this.#res.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    this.#res.end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    if (this.#res.headersSent) this.#res.destroy(error);
    else this.#res.writeHead(502).end();
  }
}

/** @param fields names and values in turns, as in `rawHeaders` */
function endToEnd(fields: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    if (!HOP_BY_HOP.has(name.toLowerCase())) kept.push(name, fields[i + 1] ?? '');
  }
  return kept;
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

const app = new Koa();
app.use((ctx) => {
  const { req, res } = ctx;
  ctx.respond = false;
  const [method, path] = [req.method ?? 'GET', req.url ?? '/'];
  pool.dispatch(
    { method, path, headers: endToEnd(req.rawHeaders), body: hasBody(req) ? req : null },
    new Forwarding(res),
  );
});
app.listen(Number(port), '127.0.0.1').keepAliveTimeout = 3_600_000;
