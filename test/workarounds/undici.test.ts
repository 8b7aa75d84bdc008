import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import http2, { type ServerHttp2Stream } from 'node:http2';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { buildConnector, Client, type Dispatcher } from 'undici';
import { createConnector } from '../../gateway/forward/upstream/connector.ts';
import { expectHead } from '../../gateway/workarounds/undici-early-head.ts';
import { allowManyFields } from '../../gateway/workarounds/undici-http2-fields-limit.ts';
import { expectStream, type Http2Stream } from '../../gateway/workarounds/undici-http2-stream.ts';
import { keepReasonOctets } from '../../gateway/workarounds/undici-reason-octets.ts';
import { keepResets } from '../../gateway/workarounds/undici-reset.ts';
import {
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  fields as http2Fields,
  http2Peer,
  numbers,
  RST_STREAM,
} from '../support/upstreams/http2-frames.ts';

// A test that fails here after an update says that undici has changed: the workaround may go, or must be written anew.

async function originOf(t: ExecutionContext, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Answer {
  readonly reason: string;
  readonly rawHeaders: unknown;
  readonly error: Error | null;
}

function answerOf(
  client: Client,
  options: Dispatcher.DispatchOptions,
  onRequestStart = () => {},
  onResponseData = () => {},
): Promise<Answer> {
  return new Promise((resolve) => {
    let reason = '';
    let rawHeaders: unknown;
    client.dispatch(options, {
      onRequestStart,
      onResponseStart(controller, _status, _headers, phrase = '') {
        reason = phrase;
        rawHeaders = controller.rawHeaders;
      },
      onResponseData,
      onResponseEnd: () => resolve({ reason, rawHeaders, error: null }),
      onResponseError: (_controller, error) => resolve({ reason, rawHeaders, error }),
    });
  });
}

const GET = { path: '/', method: 'GET' } as const;

function clientOf(t: ExecutionContext, origin: string, options: Client.Options = {}): Client {
  const client = new Client(origin, options);
  t.teardown(() => client.destroy());
  return client;
}

test.serial(
  'undici reads a reason phrase as UTF-8 and keeps its last piece alone, and keepReasonOctets keeps every octet',
  async (t) => {
    const origin = await originOf(
      t,
      net.createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => {
          socket.end(Buffer.from('HTTP/1.1 200 caf\xe9\r\nContent-Length: 0\r\nConnection: close\r\n\r\n', 'latin1'));
        });
      }),
    );
    t.is((await answerOf(clientOf(t, origin), GET)).reason, 'caf\ufffd');
    const client = clientOf(t, origin);
    keepReasonOctets(client);
    t.is((await answerOf(client, GET)).reason, 'caf\xe9');
  },
);

test.serial(
  'undici takes a reset for the end of an answer without a length, and keepResets for an error',
  async (t) => {
    let reset = () => {};
    const origin = await originOf(
      t,
      net.createServer((socket) => {
        socket.on('error', () => {});
        reset = () => socket.resetAndDestroy();
        socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\npart'));
      }),
    );
    const answerCutBy = (client: Client) => answerOf(client, GET, undefined, () => reset());
    t.is((await answerCutBy(clientOf(t, origin))).error, null);
    const connect = buildConnector({});
    const keeping = clientOf(t, origin, {
      connect: (place, callback) =>
        connect(place, (...result) => {
          if (result[0] === null) keepResets(result[1]);
          callback(...result);
        }),
    });
    t.like(await answerCutBy(keeping), { error: { code: 'ERR_UPSTREAM_RESET' } });
  },
);

test.serial(
  'undici publishes a head before it writes it, and writes it with the first piece of the body',
  async (t) => {
    let seen = '';
    const origin = await originOf(
      t,
      net.createServer((socket) => {
        socket.on('error', () => {});
        socket.on('data', (data) => {
          seen += data.toString('latin1');
          if (seen.endsWith('0\r\n\r\n')) socket.end('HTTP/1.1 204 No Content\r\n\r\n');
        });
      }),
    );
    const body = new Readable({ read() {} });
    const written: string[] = [];
    let head = '';
    let atFirst: string[] | undefined;
    const onHead = (message: unknown) => {
      const published = message as { readonly headers: string; readonly socket: Socket };
      head = published.headers;
      if (!head.startsWith('POST')) return;
      const { write } = published.socket;
      published.socket.write = (text: string | Uint8Array, ...rest: never[]) => {
        written.push(String(text));
        return write.call(published.socket, text, ...rest);
      };
      // The first write is to come with this piece, and not before.
      setImmediate(() => {
        atFirst = [...written];
        body.push('one');
        body.push(null);
      });
    };
    subscribe('undici:client:sendHeaders', onHead);
    await answerOf(clientOf(t, origin), { ...GET, method: 'POST', body });
    unsubscribe('undici:client:sendHeaders', onHead);
    t.deepEqual(atFirst, []);
    t.true(head.startsWith('POST / HTTP/1.1\r\n'));
    t.deepEqual(written.slice(0, 3), [`${head}transfer-encoding: chunked\r\n`, '\r\n3\r\n', 'one']);
  },
);

test.serial('expectHead hands over the head of the request that starts, which can be sent alone', async (t) => {
  const heads: string[] = [];
  const body = new Readable({ read() {} });
  const origin = await originOf(
    t,
    net.createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (data) => {
        heads.push(data.toString('latin1'));
        body.push('one');
        body.push(null);
        socket.once('data', () => socket.end('HTTP/1.1 204 No Content\r\n\r\n'));
      });
    }),
  );
  const { error } = await answerOf(clientOf(t, origin), { ...GET, method: 'POST', body }, () =>
    expectHead(body, (head) => setImmediate(head.send)),
  );
  t.is(error, null);
  t.regex(heads[0] ?? '', /^POST \/ HTTP\/1\.1\r\n[\s\S]*transfer-encoding: chunked\r\n\r\n$/);
});

async function http2Origin(t: ExecutionContext, answer: (stream: ServerHttp2Stream) => void): Promise<string> {
  const server = http2.createServer();
  server.on('session', (session) => t.teardown(() => session.destroy()));
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {});
    answer(stream);
  });
  return await originOf(t, server);
}

/** Speaks HTTP/2 without TLS. */
function http2Client(t: ExecutionContext, origin: string): Client {
  return clientOf(t, origin, { allowH2: true, connect: createConnector({ tls: {}, http2: true }, null, 5_000) });
}

test.serial(
  'undici takes an answer over HTTP/2 that is cut without an error for a whole one, and its stream says that it is not',
  async (t) => {
    const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = http2.constants;
    for (const code of [NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, null]) {
      const isCut = code !== null;
      const { url: origin } = await http2Peer(t, (stream) => [
        frame(HEADERS, END_HEADERS, stream, http2Fields([':status', '200'])),
        frame(DATA, isCut ? 0 : END_STREAM, stream, Buffer.from('part')),
        ...(isCut ? [frame(RST_STREAM, 0, stream, numbers(code))] : []),
      ]);
      let stream: Http2Stream | undefined;
      const headers = { 'x-request-id': 'one' };
      const answer = await answerOf(http2Client(t, origin), { ...GET, headers }, () =>
        expectStream('one', (opened) => {
          stream = opened;
        }),
      );
      t.is(answer.error, null);
      t.is(stream?.isWhole(), !isCut);
      // By this an answer over HTTP/2 is told from one over HTTP/1.1.
      t.false(Array.isArray(answer.rawHeaders));
    }
  },
);

test.serial('undici sets no limit of fields for HTTP/2, and allowManyFields raises that of Node', async (t) => {
  const { connect } = http2;
  t.teardown(() => Object.assign(http2, { connect }));
  const limits: unknown[] = [];
  Object.assign(http2, {
    connect: (authority: URL, options: http2.ClientSessionOptions) => {
      limits.push(options.maxHeaderListPairs);
      return connect(authority, options);
    },
  });
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`x-${i}`, 'a']));
  await answerOf(http2Client(t, await http2Origin(t, (stream) => stream.respond({}, { endStream: true }))), GET);
  allowManyFields();
  const origin = await http2Origin(t, (stream) => stream.respond(many, { endStream: true }));
  t.is((await answerOf(http2Client(t, origin), GET)).error, null);
  t.is(limits[0], undefined);
  t.true(Number(limits[1]) > 300);
});
