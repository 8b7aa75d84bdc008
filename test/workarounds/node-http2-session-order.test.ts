import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';

const run = promisify(execFile);

/**
 * Opens connections to a server of HTTP/2 whose heads have no end, and collects the garbage. Prints `alive` unless the process aborts.
 *
 * @param prepare code that runs before
 * @param ending what the server does behind its frames
 */
function program(prepare: string, ending: string): string {
  return `
    import http2 from 'node:http2';
    import net from 'node:net';
    ${prepare}
    const frame = (type, flags, stream, payload) => {
      const head = Buffer.alloc(9);
      head.writeUIntBE(payload.length, 0, 3);
      head[3] = type;
      head[4] = flags;
      head.writeUInt32BE(stream, 5);
      return Buffer.concat([head, payload]);
    };
    const text = (content) => Buffer.from(String.fromCharCode(content.length) + content);
    const field = (name, value) => Buffer.concat([Buffer.from([0]), text(name), text(value)]);
    const head = (stream) => Buffer.concat([
      frame(1, 0, stream, field(':status', '200')),
      ...Array.from({ length: 200 }, () => frame(9, 0, stream, field('a', 'b'.repeat(120)))),
    ]);
    const server = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.write(frame(4, 0, 0, Buffer.alloc(0)));
      socket.once('data', () => socket.write(head(1), () => { ${ending} }));
    });
    server.listen(0, '127.0.0.1', async () => {
      const url = 'http://127.0.0.1:' + server.address().port;
      const exchange = () => new Promise((resolve) => {
        const session = http2.connect(url).on('error', () => {});
        session.request({ ':path': '/' }).on('error', () => {});
        session.on('close', () => setImmediate(resolve));
      });
      for (let round = 0; round < 5; round++) {
        await Promise.all(Array.from({ length: 40 }, exchange));
        globalThis.gc();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      process.stdout.write('alive', () => process.exit());
    });
  `;
}

const MODULE = new URL('../../gateway/workarounds/node-http2-session-order.ts', import.meta.url).href;
const PREPARED = `import { freeSessionsLast } from '${MODULE}'; freeSessionsLast();`;

async function outcome(prepare: string, ending: string): Promise<string> {
  const options = ['--no-warnings', '--expose-gc', '--input-type=module', '-e', program(prepare, ending)];
  const { stdout } = await run(process.execPath, options).catch((failure: { stdout: string; signal: string }) => ({
    stdout: failure.signal,
  }));
  return stdout;
}

test('Node aborts when a server of HTTP/2 sends a head without end, and with freeSessionsLast it goes on', async (t) => {
  t.is(await outcome('', ''), 'SIGABRT');
  t.is(await outcome(PREPARED, ''), 'alive');
  t.is(await outcome(PREPARED, 'socket.resetAndDestroy();'), 'alive');
  t.is(await outcome(PREPARED, 'socket.end();'), 'alive');
});
