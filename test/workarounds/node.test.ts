import { once } from 'node:events';
import http, { type IncomingMessage, type RequestListener } from 'node:http';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { AllFieldsAgent } from '../../gateway/workarounds/node-answer-fields.ts';
import { replaceClose } from '../../gateway/workarounds/node-destroy-soon.ts';
import { keepDisposition, sendHead } from '../../gateway/workarounds/node-head-octets.ts';
import { readBeforeWriteFails } from '../../gateway/workarounds/node-lost-write.ts';
import { rawClient } from '../support/http/raw.ts';
import { startProgram } from '../support/run/program.ts';

// A test that fails here after an update says that Node has changed: the workaround may go, or must be written anew.

async function portOf(t: ExecutionContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** All that a server answers to one GET, one character an octet. */
async function answerOf(t: ExecutionContext, listener: RequestListener): Promise<string> {
  const socket = net.connect(await portOf(t, http.createServer(listener)), '127.0.0.1');
  socket.setEncoding('latin1');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  return await text(socket);
}

test('Node flushes a head as UTF-8, and sendHead sends its octets', async (t) => {
  const flushed = await answerOf(t, (_req, res) => {
    res.setHeader('X-Name', '\xe9');
    res.flushHeaders();
    res.end('body');
  });
  t.true(flushed.includes('X-Name: \xc3\xa9\r\n'));
  const sent = await answerOf(t, (_req, res) => {
    res.setHeader('X-Name', '\xe9');
    sendHead(res);
    res.end('body');
  });
  t.true(sent.includes('X-Name: \xe9\r\n'));
});

test('keepDisposition keeps the octets of a Content-Disposition, whatever this version of Node does to it', async (t) => {
  for (const value of ['\xe9', '\xc3\xa9']) {
    const answer = await answerOf(t, (_req, res) => {
      const fields = ['Content-Length', '1', 'Content-Disposition', value];
      keepDisposition(fields);
      res.writeHead(200, fields).end('1', 'latin1');
    });
    t.true(answer.includes(`Content-Disposition: ${value}\r\n`));
  }
});

test('Node loses an answer that was not read when a write fails, and readBeforeWriteFails keeps it', async (t) => {
  const port = await portOf(
    t,
    net.createServer((socket) => socket.on('error', () => {}).end('answer')),
  );
  const received = async (prepare: (socket: Socket) => void) => {
    const socket = net.connect(port, '127.0.0.1').on('error', () => {});
    await once(socket, 'connect');
    socket._write = (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    prepare(socket);
    let data = '';
    socket.write('upload', () => {});
    socket.on('data', (chunk) => {
      data += chunk;
    });
    await new Promise((resolve) => socket.once('close', resolve));
    return data;
  };
  t.is(await received(() => {}), '');
  t.is(await received(readBeforeWriteFails), 'answer');
});

test("Node drops an answer's fields beyond a thousand, and AllFieldsAgent keeps them", async (t) => {
  const port = await portOf(
    t,
    http.createServer((_req, res) => res.writeHead(200, Array.from({ length: 1_500 }, () => ['a', 'b']).flat()).end()),
  );
  const fieldsOf = async (agent: http.Agent) => {
    const [answer] = (await once(http.get({ port, host: '127.0.0.1', agent }), 'response')) as [IncomingMessage];
    answer.resume();
    return answer.rawHeaders.filter((name, i) => i % 2 === 0 && name === 'a').length;
  };
  t.true((await fieldsOf(new http.Agent())) < 1_500);
  t.is(await fieldsOf(new AllFieldsAgent()), 1_500);
});

test('Node closes a connection with unread bytes after its last answer, so that the client gets a reset', async (t) => {
  const server = http.createServer((_req, res) => res.writeHead(413, { Connection: 'close' }).end('last'));
  const client = await rawClient(await portOf(t, server));
  const length = 16 * 1024 * 1024;
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`);
  client.send(Buffer.alloc(length));
  t.regex(await client.ending(), /^(ECONNRESET|EPIPE)$/);
});

test('Node refuses an answer over HTTP/2 with more than 128 fields', async (t) => {
  const program = `
    import http2 from 'node:http2';
    const server = http2.createServer().on('stream', (stream) => {
      stream.on('error', () => {});
      stream.respond(Object.fromEntries(Array.from({ length: 300 }, (_, i) => ['x-' + i, 'a'])));
    });
    server.listen(0, '127.0.0.1', () => {
      const stream = http2.connect('http://127.0.0.1:' + server.address().port).request();
      stream.on('error', () => {});
      stream.on('response', () => console.log('taken'));
      stream.on('close', () => process.exit());
    });`;
  // It may abort the process: only what it prints counts.
  const { stdout, stderr } = await startProgram(['--input-type=module', '--eval', program], tmpdir()).ended;
  t.is(stdout, '', stderr);
});

test('Node closes a connection after its last answer as replaceClose says', async (t) => {
  const closed = Promise.withResolvers<Socket>();
  const server = http.createServer((req, res) => {
    replaceClose(req.socket, (socket) => {
      closed.resolve(socket);
      socket.end();
    });
    res.end('last');
  });
  const socket = net.connect(await portOf(t, server), '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  t.regex(await text(socket), /last$/);
  t.true((await closed.promise).writableEnded);
});
