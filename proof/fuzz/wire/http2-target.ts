import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Scope } from '../../../test/lab/scope.ts';
import { type Mark, markText, serialText } from './marks.ts';
import { type Arrived, markOf, type NextSerial } from './raw-upstream.ts';

export interface Http2Target {
  readonly url: string;
  /** Forgets what has arrived. */
  begin(): void;
  readonly arrived: readonly Arrived[];
}

/** An HTTP/2 server that records the requests, and answers each with its mark; some too early, some cut, some with a reset. */
export async function http2Target(scope: Scope, nextSerial: NextSerial): Promise<Http2Target> {
  let arrived: Arrived[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.once('close', () => sessions.delete(session));
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _: number, raw: readonly string[]) => {
    const fields = raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as const] : []));
    const request: Arrived = {
      ...{ serial: nextSerial(), method: String(headers[':method']), target: String(headers[':path']) },
      ...{ fields, body: '', trailers: [], isComplete: false, tunnelled: '' },
    };
    arrived.push(request);
    const mark = markOf(request);
    const [, script = ''] = /\/a(\d)\//.exec(request.target) ?? [];
    const answer = () => {
      if (stream.destroyed || stream.headersSent) return;
      if (script === '3') return stream.close(2);
      stream.respond({ ':status': 200, 'x-serial': serialText(request.serial), 'x-mark': textOf(mark) });
      stream.write(`${serialText(request.serial)}${textOf(mark)}`);
      if (script === '2') stream.close(2);
      else stream.end();
    };
    stream.on('error', () => {});
    stream.on('trailers', (_, __, rawTrailers: readonly string[] = []) => {
      request.trailers = rawTrailers.flatMap((name, at) =>
        at % 2 === 0 ? [[name, rawTrailers[at + 1] ?? ''] as const] : [],
      );
    });
    stream.setEncoding('latin1');
    stream.on('data', (piece: string) => {
      request.body += piece;
    });
    stream.on('end', () => {
      request.isComplete = true;
      answer();
    });
    if (script === '1') answer();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  scope.teardown(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    begin() {
      arrived = [];
    },
    get arrived() {
      return arrived;
    },
  };
}

function textOf(mark: Mark | null): string {
  return mark === null ? '-' : markText(mark);
}
