import test from 'ava';
import { ADA, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { fileScope } from '../lab/scope.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';
import { strayErrors } from '../support/processes/stray-errors.ts';
import { authorization, message } from './message.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

const scope = fileScope();
let gateway: TestGateway;
test.before(async () => {
  gateway = await testGateway(scope, {
    routes: [{ name: 'o', path: '/o', upstream: 'http://127.0.0.1:1', auth: 'none' }],
  });
});

function posted(body: string, type = 'application/json'): Promise<string> {
  const head = ['POST /api/v1/tokens/ HTTP/1.1', 'Host: a', authorization(ADA), 'Connection: close'];
  return rawExchange(gateway.port, message([...head, `Content-Type: ${type}`, `Content-Length: ${body.length}`], body));
}

/** As much as the gateway reads of such a body. */
const MOST = 16 * 1024;

// CVE-2025-59466: a stack that overflows while a body is walked through may end the process.
test('a JSON body as deep as its size allows is refused with 400, and one that is longer with 413', async (t) => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
    ['{"name":', '}'],
  ] as const) {
    const depth = Math.floor((MOST - 1) / (open.length + close.length));
    t.is(statusOf(await posted(open.repeat(depth) + 1 + close.repeat(depth))), 400, open);
    t.is(statusOf(await posted(open.repeat(depth))), 400, `${open} without an end`);
    t.is(statusOf(await posted(`${open.repeat(depth * 2)}1${close.repeat(depth * 2)}`)), 413, `${open} longer`);
  }
});

// CVE-2026-21717, CVE-2025-27209: numbers as keys whose hashes collide in V8, as many as fit.
test('a JSON body of keys with one hash, as many as fit, is refused with 400, and other requests are answered', async (t) => {
  const keys: string[] = [];
  for (let key = 1_234, step = 1; keys.join().length < MOST - 2_000; step++) {
    keys.push(`"${key}":0`);
    key = (key + step * 2 ** 14) % 2 ** 24;
  }
  const body = `{${keys.slice(0, 1_000).join()}}`;
  t.true(body.length < MOST);
  const answers = await Promise.all(Array.from({ length: 20 }, () => posted(body)));
  for (const answer of answers) t.is(statusOf(answer), 400);
  t.is(statusOf(await posted('{"name":"ci"}')), 200);
});

test('what is no JSON, in whatever it is encoded, is refused and told nothing of the parser', async (t) => {
  for (const body of [
    '{',
    '{"name":"\\ud800"',
    '\xff\xfe{\x00}\x00',
    '1e999999',
    '{"expiration":1e999}',
    'NaN',
    '\x00',
  ]) {
    const answer = await posted(body);
    t.is(statusOf(answer), 400, body);
    t.notRegex(answer, /JSON\.parse|SyntaxError|position \d|Unexpected token| {4}at /, body);
  }
});
