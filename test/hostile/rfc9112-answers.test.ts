import type { Socket } from 'node:net';
import type { ExecutionContext } from 'ava';
import { tcpUpstream } from '../lab/upstreams/upstream.ts';
import { rawClient } from '../support/http/raw.ts';
import { arrivals, clause, dechunked, exchange, gatewayTo, sendPieces, statuses } from './rfc9112.ts';

/** What a client gets: status, body and trailers; `refused` for a 502, and for an answer that is cut. */
type Outcome = string;
/** How the upstream goes on after its answer. */
type Ending = 'stays' | 'ends';

interface Case {
  readonly sent: string;
  readonly outcome: Outcome;
  readonly method?: 'HEAD';
  readonly ending?: Ending;
  /** Without the fast path, where that differs. */
  readonly otherwise?: Outcome;
  /** Another outcome that is right where the bytes arrive in pieces. */
  readonly inPieces?: Outcome;
}

/** An upstream that sends the answer of a case to each request, in the way whose number the target has. */
function scriptedUpstream(
  t: ExecutionContext,
  now: () => { readonly ways: readonly (readonly string[])[]; ending: Ending },
) {
  return tcpUpstream(t, (socket) => {
    let text = '';
    socket.on('data', async (bytes) => {
      text += bytes.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      const way = Number(/^\w+ \/s\/(\d+) /.exec(text)?.[1]);
      text = '';
      const { ways, ending } = now();
      await sendPieces(socket, ways[way] ?? []);
      if (ending === 'ends') socket.end();
    });
  });
}

function answers(title: string, cases: readonly Case[]): void {
  clause(title, async (t, fastPath) => {
    let ways: readonly (readonly string[])[] = [];
    let ending: Ending = 'stays';
    const { url } = await scriptedUpstream(t, () => ({ ways, ending }));
    const { port } = await gatewayTo(t, fastPath, url);
    for (const { sent, outcome, method = 'GET', ending: how = 'stays', otherwise, inPieces } of cases) {
      const expected = fastPath ? outcome : (otherwise ?? outcome);
      const isRight = (got: Outcome, way: number) => got === expected || (way > 0 && got === inPieces);
      ways = arrivals(sent, fastPath);
      ending = how;
      const got = await Promise.all(
        ways.map((_, i) => exchange(port, [`${method} /s/${i} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`])),
      );
      const different = got.findIndex((answer, way) => !isRight(outcomeOf(answer, method), way));
      t.is(different, -1, `${JSON.stringify(sent)} ${JSON.stringify(ways[different]?.[0])}: ${got[different]}`);
    }
  });
}

function outcomeOf(answer: string, method: string): Outcome {
  const end = answer.indexOf('\r\n\r\n') + 4;
  const [head, rest] = [answer.slice(0, end), answer.slice(end)];
  const status = statuses(head).join();
  if (status === '502' || status === '') return 'refused';
  if (method === 'HEAD' || status === '204' || status === '304') return `${status} ${rest}`.trim();
  if (/^transfer-encoding: chunked\r$/im.test(head)) {
    const { body, trailers, isWhole, length } = dechunked(rest);
    return isWhole && length === rest.length ? [status, body, ...trailers].join(' ').trim() : 'refused';
  }
  const length = Number(/^content-length: (\d+)\r$/im.exec(head)?.[1]);
  return rest.length === length ? `${status} ${rest}`.trim() : 'refused';
}

const OK = 'HTTP/1.1 200 OK\r\n';
const HELLO = 'Content-Length: 5\r\n\r\nhello';
const refused = (sent: string, ending: Ending = 'stays'): Case => ({ sent, outcome: 'refused', ending });
const passed = (sent: string, outcome = '200 hello', ending: Ending = 'stays'): Case => ({ sent, outcome, ending });
const chunked = (body: string) => `${OK}Transfer-Encoding: chunked\r\n\r\n${body}`;

answers('§4: a status line has a version, a space, three digits, a space and a reason, which may be empty', [
  passed(`HTTP/1.1 200 \r\n${HELLO}`),
  passed(`HTTP/1.1 200 O K\t\xe4\r\n${HELLO}`),
  passed(`HTTP/1.1 299 x\r\n${HELLO}`, '299 hello'),
  refused(`HTTP/1.1  200 OK\r\n${HELLO}`),
  refused(`HTTP/1.1 20 OK\r\n${HELLO}`),
  refused(`HTTP/1.1 2000 OK\r\n${HELLO}`),
  refused(`HTTP/1.1 2x0 OK\r\n${HELLO}`),
  refused(`HTTP/1.1 099 OK\r\n${HELLO}`),
  refused(`HTTP/1.1 600 OK\r\n${HELLO}`),
  // undici reads another version as 1.1.
  { ...refused(`HTTP/2.0 200 OK\r\n${HELLO}`), otherwise: '200 hello' },
  refused(`http/1.1 200 OK\r\n${HELLO}`),
  refused(`ICY 200 OK\r\n${HELLO}`),
]);

answers('§2.2, §5: fields of an answer have no whitespace before the colon, no bare CR, LF or NUL', [
  refused(`${OK}X : y\r\n${HELLO}`),
  refused(`${OK}Content-Length : 5\r\n\r\nhello`),
  refused(`${OK} X: y\r\n${HELLO}`),
  refused(`${OK}X: y\rz\r\n${HELLO}`),
  refused(`${OK}X: y\0z\r\n${HELLO}`),
  refused(`${OK}X\r\n${HELLO}`),
  refused(`HTTP/1.1 200 OK\n${HELLO}`),
  refused(`${OK}X: y\n${HELLO}`),
  refused(`${OK}Content-Length: 5\n\nhello`),
]);

answers('§5.2: an answer with a folded field line becomes a 502', [
  refused(`${OK}X: y\r\n z\r\n${HELLO}`),
  refused(`${OK}X: y\r\n\tz\r\n${HELLO}`),
  refused(`${OK}Transfer-Encoding:\r\n chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
]);

answers('§6.3: an answer to HEAD, a 204 and a 304 end with their head, whatever their fields say', [
  { sent: `${OK}Content-Length: 5\r\n\r\n`, outcome: '200', method: 'HEAD' },
  { sent: chunked(''), outcome: '200', method: 'HEAD' },
  passed('HTTP/1.1 204 No Content\r\n\r\n', '204'),
  passed('HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', '304'),
]);

answers('§6.1, §6.3: a length beside chunks, another coding and chunks of HTTP/1.0 are refused', [
  refused(`${OK}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
  refused(`${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
  refused(`${OK}Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
  refused(`${OK}Transfer-Encoding: gzip\r\n\r\nhello`, 'ends'),
  // undici reads them, and the connection is over: RFC 9112 section 6.1 leaves that open.
  {
    ...refused('HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n', 'ends'),
    otherwise: '200 hello',
  },
]);

answers('§6.3: an invalid length is refused', [
  refused(`${OK}Content-Length: 5, 6\r\n\r\nhello`),
  refused(`${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`),
  refused(`${OK}Content-Length: -5\r\n\r\nhello`),
  refused(`${OK}Content-Length: +5\r\n\r\nhello`),
  refused(`${OK}Content-Length: 5x\r\n\r\nhello`),
  refused(`${OK}Content-Length: 99999999999999999999\r\n\r\nhello`),
]);

answers('§6.3: an answer with neither a length nor chunks ends with its connection', [
  passed(`${OK}\r\nhello`, '200 hello', 'ends'),
  passed('HTTP/1.0 200 OK\r\n\r\nhello', '200 hello', 'ends'),
  passed(`${OK}\r\n`, '200', 'ends'),
]);

answers('§7.1: chunks have hexadecimal sizes, end with CRLF, and their extensions are dropped', [
  passed(chunked('5\r\nhello\r\n0\r\n\r\n')),
  passed(chunked('2\r\nhe\r\n03\r\nllo\r\n00\r\n\r\n')),
  passed(chunked('A\r\nhellohello\r\n0\r\n\r\n'), '200 hellohello'),
  passed(chunked('5;a=b;c="d e"\r\nhello\r\n0;f\r\n\r\n')),
  refused(chunked('0x5\r\nhello\r\n0\r\n\r\n')),
  refused(chunked('-5\r\nhello\r\n0\r\n\r\n')),
  refused(chunked('\r\nhello\r\n0\r\n\r\n')),
  refused(chunked('5\nhello\r\n0\r\n\r\n')),
  refused(chunked('5\r\nhello!\r\n0\r\n\r\n')),
  refused(chunked('5\r\nhello\n0\r\n\r\n')),
  refused(chunked('fffffffffffffffff\r\nhello')),
]);

answers('§7.1.2: trailers reach the client, but for those that frame a message', [
  passed(chunked('5\r\nhello\r\n0\r\nX: y\r\n\r\n'), '200 hello X: y'),
  refused(chunked('5\r\nhello\r\n0\r\nX : y\r\n\r\n')),
  refused(chunked('5\r\nhello\r\n0\r\nX: y\n\r\n')),
]);

answers('§8: an answer that ends before its end is never passed on as a whole one', [
  refused('HTTP/1.1 200 OK\r\nX: y\r\n', 'ends'),
  refused(`${OK}Content-Length: 6\r\n\r\nhello`, 'ends'),
  refused(chunked('5\r\nhello\r\n'), 'ends'),
  refused(chunked('5\r\nhello\r\n0\r\n'), 'ends'),
  refused(chunked('6\r\nhello'), 'ends'),
]);

/** Three requests, one after the other. @returns how many connections the upstream got */
async function connectionsFor(
  t: ExecutionContext,
  fastPath: boolean,
  answer: string,
  ending: Ending,
  outcome = '200 hello',
): Promise<number> {
  const sockets: Socket[] = [];
  const { url } = await tcpUpstream(t, (socket) => {
    sockets.push(socket);
    socket.on('data', () => {
      socket.write(answer);
      if (ending === 'ends') socket.end();
    });
  });
  const { port } = await gatewayTo(t, fastPath, url);
  for (let i = 0; i < 3; i++) {
    t.is(outcomeOf(await exchange(port, ['GET /s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n']), 'GET'), outcome);
  }
  return sockets.length;
}

clause('§9.3: a connection to the upstream is used again after a whole answer that says so', async (t, fastPath) => {
  t.is(await connectionsFor(t, fastPath, `${OK}${HELLO}`, 'stays'), 1);
  t.is(await connectionsFor(t, fastPath, chunked('5\r\nhello\r\n0\r\n\r\n'), 'stays'), 1);
});

clause('§9.3, §9.6: no request is sent behind an answer with `close`, or one of HTTP/1.0', async (t, fastPath) => {
  t.is(await connectionsFor(t, fastPath, `${OK}Connection: close\r\n${HELLO}`, 'stays'), 3);
  t.is(await connectionsFor(t, fastPath, `${OK}Connection: x, Close\r\n${HELLO}`, 'stays'), 3);
  t.is(await connectionsFor(t, fastPath, `HTTP/1.0 200 OK\r\n${HELLO}`, 'stays'), 3);
  t.is(await connectionsFor(t, fastPath, `${OK}\r\nhello`, 'ends'), 3);
});

// With `close`: the connection could carry another request before the bytes arrive.
const ambiguous = (sent: string): Case => ({ ...refused(sent), otherwise: '200 hello', inPieces: '200 hello' });
answers('§6.3, §9.2: bytes behind the end of a body go to nobody, and make an answer ambiguous that they come with', [
  ambiguous(`${OK}Connection: close\r\n${HELLO}, stray`),
  ambiguous(`${OK}Connection: close\r\n${chunked('5\r\nhello\r\n0\r\n\r\nstray').slice(OK.length)}`),
  passed('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\nstray', '204'),
  { sent: `${OK}Connection: close\r\n${HELLO}`, outcome: '200', method: 'HEAD' },
]);

clause('§9.2: bytes behind an answer are the answer to no request', async (t, fastPath) => {
  const stray = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray';
  const outcome = fastPath ? 'refused' : '200 hello';
  t.is(await connectionsFor(t, fastPath, `${OK}${HELLO}${stray}`, 'stays', outcome), 3);
  t.is(await connectionsFor(t, fastPath, `${chunked('5\r\nhello\r\n0\r\n\r\n')}${stray}`, 'stays', outcome), 3);
});

clause(
  '§9.3.2: the gateway sends one request at a time, and a client that sends ahead gets its answers in turn',
  async (t, fastPath) => {
    const waiting: Socket[] = [];
    const { url } = await tcpUpstream(t, (socket) => {
      socket.on('data', () => {
        waiting.push(socket);
      });
    });
    const { port } = await gatewayTo(t, fastPath, url);
    const client = await rawClient(port);
    client.send('GET /s/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /s/2 HTTP/1.1\r\nHost: a\r\n\r\n');
    for (let i = 1; i <= 2; i++) {
      while (waiting.length < i) await new Promise((resolve) => setImmediate(resolve));
      waiting[i - 1]?.write(`${OK}Content-Length: 1\r\n\r\n${i}`);
      await client.until(new RegExp(`\r\n\r\n${i}`));
    }
    t.deepEqual(statuses(client.received()), [200, 200]);
    client.socket.destroy();
  },
);
