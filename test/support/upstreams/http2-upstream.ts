import { once } from 'node:events';
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Scope } from '../../lab/scope.ts';
import { SELF_SIGNED } from '../../lab/upstreams/self-signed.ts';

export interface Http2Upstream {
  readonly url: string;
  readonly port: number;
  /** The fields of each request, in order of arrival. */
  readonly seen: IncomingHttpHeaders[];
  /** All connections so far, newest last. */
  readonly sessions: ServerHttp2Session[];
}

/** The options of a group for HTTP/2 with the servers of this file. */
export const OVER_TLS = { http2: true, tls: { ca: SELF_SIGNED.cert } };

export type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

function answerOk(stream: ServerHttp2Stream): void {
  stream.resume();
  stream.respond({ ':status': 200 });
  stream.end('ok');
}

/** A real server that supports only HTTP/2: over TLS with the certificate of `SELF_SIGNED`, or in plain text. */
export async function http2Upstream(
  t: Scope,
  scheme: 'http' | 'https',
  onStream: OnStream = answerOk,
): Promise<Http2Upstream> {
  const seen: IncomingHttpHeaders[] = [];
  const sessions: ServerHttp2Session[] = [];
  const server: Http2Server = scheme === 'https' ? createSecureServer(SELF_SIGNED) : createServer();
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {});
    seen.push(headers);
    onStream(stream, headers);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `${scheme}://127.0.0.1:${port}`, port, seen, sessions };
}
