import { connect, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import type { TestGateway } from '../lab/gateways/gateway.ts';
import { tcpUpstream } from '../lab/upstreams/upstream.ts';
import { forwardingGateway, overAll, overOthers, parts, requestText } from '../support/gateways/forwarding.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const LARGE = 10 * 1024 * 1024;
const BLOCK = Buffer.alloc(64 * 1024, 'x');
const CHUNK = Buffer.concat([Buffer.from('10000\r\n'), BLOCK, Buffer.from('\r\n')]);

const WITH_LENGTH = 'HTTP/1.1 413 Too Much\r\nConnection: close\r\nContent-Length: 9\r\n\r\ntoo large';
const TO_THE_END = 'HTTP/1.1 413 Too Much\r\nConnection: close\r\n\r\ntoo large';

/** Uploads until it has been answered, and gives the answer. */
async function upload(port: number, framing: 'length' | 'chunked'): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  socket.on('error', () => {});
  let answer = '';
  let isOver = false;
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text;
  });
  const over = new Promise<void>((resolve) => socket.once('end', resolve).once('close', resolve)).then(() => {
    isOver = true;
  });
  const field = framing === 'length' ? `Content-Length: ${LARGE}` : 'Transfer-Encoding: chunked';
  socket.write(requestText('POST /s', [field]));
  for (let sent = 0; sent < LARGE && !isOver; sent += BLOCK.length) {
    if (!socket.write(framing === 'length' ? BLOCK : CHUNK)) await Promise.race([drained(socket), over]);
  }
  await over;
  socket.destroy();
  return answer;
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.once('drain', () => resolve()));
}

/** How an upstream may go that has answered. Whoever closes with unread bytes sends a reset. */
const ENDINGS: Record<string, (socket: Socket) => void> = {
  'closes without reading': (socket) => void socket.pause().end(WITH_LENGTH, () => socket.destroy()),
  'closes and reads on': (socket) => void socket.end(WITH_LENGTH),
  'resets when the answer is handed over': (socket) =>
    void socket.pause().write(WITH_LENGTH, () => socket.resetAndDestroy()),
  'ends its answer with the connection': (socket) => void socket.pause().end(TO_THE_END, () => socket.destroy()),
};

async function answering(t: ExecutionContext, ending: (socket: Socket) => void) {
  return tcpUpstream(t, (socket) => void socket.once('data', () => ending(socket)));
}

function failures(gateway: TestGateway): unknown[] {
  return gateway.log.filter(({ fault, msg }) => fault === 'upstream' || msg === 'upstream is ejected');
}

for (const [name, ending] of Object.entries(ENDINGS)) {
  for (const [framing, runOver] of [
    ['length', overAll],
    ['chunked', overOthers],
  ] as const) {
    const tries = name === 'closes without reading' && framing === 'length' ? 200 : 10;
    runOver(
      `${tries} of ${tries} answers in mid-upload (${framing}) of an upstream that ${name} arrive`,
      async (t, over) => {
        t.timeout(240_000);
        const gateway = await forwardingGateway(t, await answering(t, ending), {}, over);
        const answers: string[] = [];
        for (let i = 0; i < tries; i++) answers.push(await upload(gateway.port, framing));
        const lines = answers.map((answer) => (answer === '' ? 'nothing' : parts(answer).lines[0]));
        t.deepEqual(
          Object.groupBy(lines, (line) => String(line))['HTTP/1.1 413 Too Much']?.length,
          tries,
          String(lines),
        );
        t.true(answers.every((answer) => answer.includes('too large')));
        t.deepEqual(failures(gateway), []);
      },
    );
  }
}

overAll('an answer that a reset cuts in mid-upload looks cut', async (t, over) => {
  const cut = (socket: Socket) => {
    socket.pause().write(`${TO_THE_END}, or more`, () => setTimeout(() => socket.resetAndDestroy(), 20));
  };
  const gateway = await forwardingGateway(t, await answering(t, cut), {}, over);
  for (let i = 0; i < 10; i++) {
    const answer = await upload(gateway.port, 'length');
    t.notRegex(answer, /\r\n0\r\n\r\n$/);
    t.notRegex(answer, /Content-Length: 18/);
  }
});
