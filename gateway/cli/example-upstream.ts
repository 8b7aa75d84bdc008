import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OperatorError } from '../domain/errors.ts';

/**
 * A small service to put behind the gateway: echoes every request as JSON, and ignores credentials. `GET /health` answers
 * 200.
 *
 * @param where the address to listen on; port 0 takes any free one
 * @returns its URL, and `close`, which also closes open connections
 * @throws OperatorError when it cannot listen on the address
 */
export async function startExampleUpstream(where: {
  readonly host: string;
  readonly port: number;
}): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const server = createServer(answer);
  server.listen(where.port, where.host);
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    const place = `${where.host}:${where.port}`;
    throw new OperatorError(
      `The example upstream cannot listen on ${place} (${error.code ?? error.message}): free that address, or choose another.`,
    );
  });
  const { address, family, port } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? '/';
  const said = path === '/health' ? { status: 'ok' } : echo(request, path);
  // Discards the body: some clients wait until it has been read.
  request.resume();
  response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' });
  response.end(`${JSON.stringify(said, null, 2)}\n`);
}

function echo(request: IncomingMessage, path: string) {
  return {
    service: 'example',
    method: request.method ?? null,
    path,
    userId: request.headers['x-user-id'] ?? null,
    scopes: request.headers['x-user-scopes'] ?? null,
    requestId: request.headers['x-request-id'] ?? null,
    forwardedFor: request.headers['x-forwarded-for'] ?? null,
  };
}

/** Runs the service alone, on the HOST and PORT of the environment, until SIGINT or SIGTERM. */
async function main(): Promise<void> {
  const { HOST = '127.0.0.1', PORT = '9000' } = process.env;
  const port = Number(PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new OperatorError(`PORT is "${PORT}": it must be a whole number from 0 to 65535.`);
  }
  const upstream = await startExampleUpstream({ host: HOST, port });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void upstream.close());
  }
  process.stdout.write(`Example upstream on ${upstream.url}\n`);
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    if (!(error instanceof OperatorError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
