import { arrivals, clause, countingUpstream, exchange, gatewayTo, statuses } from './rfc9112.ts';

/** What is sent, the answers to it, and the requests that the upstream gets. */
type Case = readonly [sent: string, answers: readonly number[], seen: readonly string[]];

function requests(title: string, cases: readonly Case[]): void {
  clause(title, async (t, fastPath) => {
    const { url, seen } = await countingUpstream(t);
    const { port } = await gatewayTo(t, fastPath, url);
    for (const [sent, expected, forwarded] of cases) {
      seen.length = 0;
      const ways = arrivals(sent, fastPath);
      const got = await Promise.all(ways.map((pieces) => exchange(port, pieces)));
      const different = got.findIndex((answer) => statuses(answer).join() !== expected.join());
      t.is(different, -1, `${JSON.stringify(sent)} ${JSON.stringify(ways[different]?.[0])}: ${got[different]}`);
      t.deepEqual(seen.toSorted(), ways.flatMap(() => forwarded).toSorted(), JSON.stringify(sent));
    }
  });
}

const END = 'Host: a\r\nConnection: close\r\n';
const GET = `GET /s HTTP/1.1\r\n${END}\r\n`;
const FIRST = 'GET /s/1 HTTP/1.1\r\nHost: a\r\n\r\n';
const head = (...lines: string[]) => `${lines.join('\r\n')}\r\n${END}\r\n`;
const post = (lines: string[], body = 'hello') => `${head('POST /s HTTP/1.1', ...lines)}${body}`;
const chunked = (body: string) => post(['Transfer-Encoding: chunked'], body);
const served = (sent: string, ...seen: string[]): Case => [sent, seen.map(() => 200), seen];
const refused = (sent: string, status = 400): Case => [sent, [status], []];

requests('§2.2: an empty line before a request line is ignored, also behind a body', [
  served(`\r\n${GET}`, 'GET /s'),
  served(`${FIRST}\r\n${GET}`, 'GET /s/1', 'GET /s'),
  served(`POST /s/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\r\n${GET}`, 'POST /s/1 hello', 'GET /s'),
]);

requests('§2.2: a line ends with CRLF, and no bare CR or LF is taken for that', [
  refused(`GET /s HTTP/1.1\n${END}\r\n`),
  refused(`GET /s HTTP/1.1\r${END}\r\n`),
  refused(`GET /s HTTP/1.1\r\nX: y\n${END}\r\n`),
  refused(`GET /s HTTP/1.1\r\nX: y\rz\r\n${END}\r\n`),
  refused('GET /s HTTP/1.1\r\nHost: a\r\n\n'),
  refused('GET /s HTTP/1.1\r\nHost: a\n\r\n'),
  [`${FIRST}\n${GET}`, [200, 400], ['GET /s/1']],
]);

requests('§2.2: no whitespace stands between the request line and the first field', [
  refused(head('GET /s HTTP/1.1', ' X: y')),
  refused(head('GET /s HTTP/1.1', '\tX: y')),
  refused(head('GET /s HTTP/1.1', ' ')),
]);

requests('§3: a request line has three parts with one space between, and none is guessed', [
  refused(head('GET  /s HTTP/1.1')),
  refused(head('GET /s  HTTP/1.1')),
  refused(head('GET /s HTTP/1.1 ')),
  refused(head('GET\t/s HTTP/1.1')),
  refused(head('GET /s x HTTP/1.1')),
  refused(head('GET /s')),
  refused(head('GET /s http/1.1')),
  refused(head('GET /s HTTP/1.1HTTP/1.1')),
]);

requests('§3.1: a method is case-sensitive, and one that is unknown is refused with 501', [
  refused(head('get /s HTTP/1.1'), 501),
  refused(head('GETS /s HTTP/1.1'), 501),
]);

requests('§3.2: a request of HTTP/1.1 has exactly one Host, of a valid form', [
  refused('GET /s HTTP/1.1\r\nConnection: close\r\n\r\n'),
  refused(head('GET /s HTTP/1.1', 'Host: a')),
  refused(head('GET /s HTTP/1.1', 'Host: b')),
  ...['a b', 'a, b', 'a/b', 'a@b'].map((host) =>
    refused(`GET /s HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
  ),
]);

requests('§3.2: each of the four target forms has its own methods, and a fragment is none', [
  served(head('GET /s/a?b=c HTTP/1.1'), 'GET /s/a?b=c'),
  served(head('GET http://a/s/a HTTP/1.1'), 'GET /s/a'),
  refused(head('GET a:80 HTTP/1.1')),
  refused(head('GET * HTTP/1.1')),
  refused(head('GET s HTTP/1.1')),
  refused(head('GET /s#x HTTP/1.1')),
  refused(head('CONNECT a:80 HTTP/1.1'), 405),
]);

requests('§5.1: no whitespace stands between a field name and the colon', [
  refused(head('GET /s HTTP/1.1', 'X : y')),
  refused(head('GET /s HTTP/1.1', 'X\t: y')),
  refused(post(['Content-Length : 5'])),
  refused(post(['Transfer-Encoding : chunked'], '0\r\n\r\n')),
]);

requests('§5.1: whitespace around a value is no part of it', [
  served(post(['Content-Length:5']), 'POST /s hello'),
  served(post(['Content-Length: \t 5 \t ']), 'POST /s hello'),
  served(post(['Transfer-Encoding:\tchunked'], '5\r\nhello\r\n0\r\n\r\n'), 'POST /s hello'),
  served(head('GET /s HTTP/1.1', 'X:', 'Y: \t'), 'GET /s'),
]);

requests('§5.2: a field line that is folded is refused', [
  refused(head('GET /s HTTP/1.1', 'X: y', ' z')),
  refused(head('GET /s HTTP/1.1', 'X: y', '\tz')),
  refused(head('GET /s HTTP/1.1', 'X: y', ' ')),
  refused(post(['Transfer-Encoding:', ' chunked'], '0\r\n\r\n')),
]);

requests('§6.1: a transfer coding is `chunked` alone, of HTTP/1.1, and without a length beside it', [
  refused(post(['Transfer-Encoding: chunked', 'Content-Length: 5'], '0\r\n\r\n')),
  refused(post(['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n')),
  refused(post(['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n')),
  refused(post(['Transfer-Encoding: chunked, gzip'], '0\r\n\r\n')),
  refused('POST /s HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  served(post(['TRANSFER-ENCODING: Chunked'], '5\r\nhello\r\n0\r\n\r\n'), 'POST /s hello'),
]);

requests('§6.2: a length is digits, once', [
  refused(post(['Content-Length: 5', 'Content-Length: 5'])),
  refused(post(['Content-Length: 5, 5'])),
  refused(post(['Content-Length: +5'])),
  refused(post(['Content-Length: 0x5'])),
  refused(post(['Content-Length: 5\v'])),
  refused(post(['Content-Length: 99999999999999999999'])),
]);

requests('§6.3: a request with neither a length nor chunks has no body: what follows is the next request', [
  served(`POST /s/1 HTTP/1.1\r\nHost: a\r\n\r\n${GET}`, 'POST /s/1', 'GET /s'),
  served(`GET /s/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n${GET}`, 'GET /s/1', 'GET /s'),
  served(`GET /s/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /${GET}`, 'GET /s/1 GET /', 'GET /s'),
]);

requests('§7.1: the size of a chunk is hexadecimal in either case, with zeros before it', [
  served(chunked('5\r\nhello\r\n0\r\n\r\n'), 'POST /s hello'),
  served(chunked('a\r\nhellohello\r\n00\r\n\r\n'), 'POST /s hellohello'),
  served(chunked('0A\r\nhellohello\r\n0\r\n\r\n'), 'POST /s hellohello'),
  refused(chunked('0x5\r\nhello\r\n0\r\n\r\n')),
  refused(chunked('\r\nhello\r\n0\r\n\r\n')),
  refused(chunked('ffffffffffffffff5\r\nhello\r\n0\r\n\r\n')),
]);

requests('§7.1: data ends where its size says, and with CRLF', [
  refused(chunked('5\r\nhello!\r\n0\r\n\r\n')),
  refused(chunked('5\r\nhell\r\n0\r\n\r\n')),
  refused(chunked('5\r\nhello\n0\r\n\r\n')),
  refused(chunked('5\nhello\r\n0\r\n\r\n')),
  refused(chunked('5\r\nhello\r\n0\r\n\n')),
]);

requests('§7.1.1: extensions of chunks are ignored, and do not reach the upstream', [
  served(chunked('5;a\r\nhello\r\n0;b=c\r\n\r\n'), 'POST /s hello'),
  served(chunked('5;a="b c"\r\nhello\r\n0\r\n\r\n'), 'POST /s hello'),
  refused(chunked('5;a\nb\r\nhello\r\n0\r\n\r\n')),
  refused(chunked('5 a\r\nhello\r\n0\r\n\r\n')),
]);

requests('§7.1.2: trailers end with an empty line, and frame nothing', [
  served(
    `POST /s/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n${GET}`,
    'POST /s/1',
    'GET /s',
  ),
  refused(chunked('0\r\nContent-Length: 9\r\n\r\n')),
  refused(chunked('0\r\nX : y\r\n\r\n')),
  refused(chunked('0\r\nX: y\n\r\n')),
]);

requests('§9.3: a connection of HTTP/1.1 persists until `close`, and one of HTTP/1.0 does not', [
  served(
    `${FIRST}GET /s/2 HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n${GET}`,
    'GET /s/1',
    'GET /s/2',
    'GET /s',
  ),
  served(`${GET}${FIRST}`, 'GET /s'),
  served(`GET /s HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n${FIRST}`, 'GET /s'),
  served(`GET /s HTTP/1.0\r\nHost: a\r\n\r\n${FIRST}`, 'GET /s'),
  served(`GET /s/1 HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n${GET}`, 'GET /s/1', 'GET /s'),
]);

requests('§9.3.2: requests sent ahead are answered in turn, up to the first that is refused', [
  [`${FIRST}GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n${GET}`, [200, 404, 200], ['GET /s/1', 'GET /s']],
  [`${FIRST}GET /s HTTP/1.1\r\nHost : a\r\n\r\n${GET}`, [200, 400], ['GET /s/1']],
]);
