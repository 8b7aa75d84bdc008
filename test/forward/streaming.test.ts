import type { ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import test from 'ava';
import { gateways } from '../lab/gateways/nodes.ts';
import { mostMemoryDuring, residentMemory } from '../lab/processes/resident-memory.ts';
import { temporaryDatabase } from '../lab/stores/database.ts';
import { bulkUpstream, download, upload } from '../lab/upstreams/bulk.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { overAll, PATIENT, requestText } from '../support/gateways/forwarding.ts';
import { groupGateway } from '../support/gateways/group.ts';
import { pump, settled } from '../support/http/pumping.ts';
import { rawClient } from '../support/http/raw.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';
import { http2Upstream } from '../support/upstreams/http2-upstream.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const MEGABYTE = 1024 * 1024;
const BIG = 64 * MEGABYTE;
/** What the sockets of three programs and the streams between them may hold. */
const HELD = 32 * MEGABYTE;

test('what passes in both directions leaves the memory of the gateway as it is', async (t) => {
  const [plain, multiplexed] = await Promise.all([bulkUpstream(t, 'HTTP/1.1'), bulkUpstream(t, 'HTTP/2')]);
  const all = await gateways(t, { location: await temporaryDatabase(t, 'sqlite'), redis: '', upstream: plain });
  const node = await all.start('one', {
    upstreams: { g: { servers: [multiplexed], http2: true } },
    routes: [
      { name: 'direct', path: '/direct', upstream: plain, auth: 'none' },
      { name: 'http2', path: '/http2', upstream: 'g', auth: 'none' },
      { name: 'proxy', path: '/proxy', upstream: plain, auth: 'none', proxy: {} },
    ],
  });
  const port = Number(new URL(node.url).port);
  for (const path of ['/direct', '/http2', '/proxy']) {
    const send = (bytes: number) => Promise.all([download(port, path, bytes), upload(port, path, bytes)]);
    await send(24 * MEGABYTE);
    const before = await residentMemory(node.pid);
    const most = await mostMemoryDuring(node.pid, async () => {
      const [received, taken] = await send(BIG);
      t.true(received > BIG);
      t.is(taken, BIG);
    });
    t.true(most - before < 72 * MEGABYTE, `${path}: from ${before} to ${most}`);
  }
});

overAll(
  'each message of a long answer arrives before the next is sent, and its trailers at the end',
  async (t, over) => {
    let answer: ServerResponse | undefined;
    const upstream = await httpUpstream(t, (_req, res) => {
      res.writeHead(200, { 'Content-Type': 'application/grpc-web', Trailer: 'grpc-status' }).flushHeaders();
      answer = res;
    });
    const gateway = await groupGateway(t, { servers: [upstream.url] }, { over });
    const client = await rawClient(gateway.port);
    client.send(requestText('POST /s', ['TE: trailers', 'Content-Length: 0', 'Connection: close']));
    await client.until(/application\/grpc-web\r\n[\s\S]*\r\n\r\n$/);
    for (let i = 0; i < 20; i++) {
      answer?.write(Buffer.from([0, 0, 0, 0, 1, 65 + i]));
      await client.until(new RegExp(`\r\n6\r\n\0\0\0\0\x01${String.fromCharCode(65 + i)}\r\n$`));
    }
    answer?.addTrailers({ 'grpc-status': '0' });
    answer?.end();
    t.regex(await client.ended(), /\r\n0\r\ngrpc-status: 0\r\n\r\n$/);
  },
);

test('each message of both sides of a stream of HTTP/2 arrives before the next is sent', async (t) => {
  const upstream = await http2Upstream(t, 'http', (stream) => {
    stream.respond({ ':status': 200 });
    stream.pipe(stream);
  });
  const gateway = await groupGateway(t, { servers: [upstream.url], http2: true });
  const client = await rawClient(gateway.port);
  client.send(requestText('POST /s', ['Transfer-Encoding: chunked', 'Connection: close']));
  for (const piece of ['one', 'two', 'six']) {
    client.send(`3\r\n${piece}\r\n`);
    await client.until(new RegExp(`3\r\n${piece}\r\n`));
  }
  client.send('0\r\n\r\n');
  t.regex(await client.ended(), /3\r\nsix\r\n0\r\n\r\n$/);
});

test('a client that stops reading stops a server of HTTP/2, and gets every byte later', async (t) => {
  let sent = 0;
  const upstream = await http2Upstream(t, 'http', (stream) => {
    stream.respond({ ':status': 200, 'content-length': BIG });
    const block = Buffer.alloc(64 * 1024);
    const more = () => {
      while (sent < BIG) {
        sent += block.length;
        if (!stream.write(block)) return void stream.once('drain', more);
      }
      stream.end();
    };
    more();
  });
  const gateway = await groupGateway(t, { servers: [upstream.url], http2: true });
  const client = await rawClient(gateway.port);
  client.socket.pause();
  client.send(requestText('GET /s', ['Connection: close']));
  await holds('the upstream has begun', () => sent > 0);
  await settled(() => sent);
  t.true(sent > 0 && sent < HELD, `${sent} bytes were taken from the upstream`);
  let received = 0;
  client.socket.removeAllListeners('data');
  client.socket.on('data', (text: string) => {
    received += text.length;
  });
  client.socket.resume();
  await client.ended();
  t.true(received > BIG);
});

test('a server of HTTP/2 that reads slowly slows down the client', async (t) => {
  let slow: ServerHttp2Stream | undefined;
  let received = 0;
  const upstream = await http2Upstream(t, 'http', (stream) => {
    slow = stream;
  });
  const gateway = await groupGateway(t, { servers: [upstream.url], http2: true }, { timeouts: PATIENT });
  const client = await rawClient(gateway.port);
  client.send(requestText('POST /s', [`Content-Length: ${BIG}`, 'Connection: close']));
  const sent = pump(client.socket, BIG);
  await holds('the upstream has the request', () => slow !== undefined);
  await settled(() => sent.written);
  t.true(sent.written < HELD, `${sent.written} bytes were taken from the client`);
  slow?.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  slow?.on('end', () => {
    slow?.respond({ ':status': 200 });
    slow?.end(`got ${received}`);
  });
  t.regex(await client.until(/got \d+/), new RegExp(`got ${BIG}\\b`));
  t.true(sent.done);
});
