import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';
import { testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { BY_PATH, told } from '../support/gateways/decisions.ts';
import { rawExchange } from '../support/http/raw.ts';
import { message } from './message.ts';

/** What acts on a terminal: the controls of ASCII, and those of ISO 8859-1, of which 9B begins a sequence as ESC [ does. */
const CONTROLS = /\p{Cc}/u;
const CLOSE = 'Connection: close';

// CVE-2026-5078 (morgan) and CVE-2024-45808 (Envoy): a client writes lines, or colours, into the log.
for (const fastPath of [true, false]) {
  test(`no control character of a client is in a line of the log, ${fastPath ? 'on' : 'past'} the fast path`, async (t) => {
    const upstream = await httpUpstream(t);
    const gateway = await testGateway(t, {
      listen: { fastPath },
      decisions: { port: 0 },
      routes: [{ name: 'o', path: '/', upstream: upstream.url, auth: 'none' }],
    });
    const requests = [
      ['GET /agent HTTP/1.1', 'Host: a', 'User-Agent: \x9b2J\x85{"level":"info"}\x8dx\tend'],
      ['GET  /\x1b[2J\x9b31m\x07 HTTP/1.1', 'Host: a'],
      ['GET /\x9b2J HTTP/1.1', 'Host: a'],
      ['GET /\x7f HTTP/1.1', 'Host: a'],
      ['G\x1bT /x HTTP/1.1', 'Host: a'],
      ['GET /x HTTP/1.1', 'Host: \x9b2J'],
      ['GET /x%0d%0a%1b%5b2J HTTP/1.1', 'Host: a', 'X-Request-Id: \x9b2J', 'traceparent: \x9b'],
    ];
    for (const lines of requests) await rawExchange(gateway.port, message([...lines, CLOSE]));
    await told(gateway, [...BY_PATH['forward-auth']('G\x9bT', '/\x9b2J'), 'User-Agent: \x9b2J']);
    await gateway.logged(({ door }) => door === 'forward-auth');
    const lines = gateway.log.filter(({ msg }) => msg === 'request');
    t.true(lines.length > requests.length, `${lines.length}`);
    for (const line of lines) {
      for (const [name, value] of Object.entries(line)) t.notRegex(String(value), CONTROLS, `${name} ${value}`);
    }
    t.is(lines[0]?.userAgent, '\\u009b2J\\u0085{"level":"info"}\\u008dx\\u0009end');
  });
}

test('the log for people shows control characters as text, in whatever field, and a stack keeps its lines', async (t) => {
  const program = `
    import { createLog } from '${new URL('../../gateway/ops/log.ts', import.meta.url).href}';
    const log = createLog({ level: 'info', format: 'pretty' });
    log.error({ status: 502, method: 'GET', path: '/a\\u001b[2J', ms: 1, client: '203.0.113.7', upstream: 'http://u', fault: 'upstream', detail: 'x\\nGET /forged', cause: '\\u009b2J' }, 'request');
    log.warn({ names: 'a\\u001b]0;title\\u0007', list: ['\\u009b'] }, 'said\\u001b[2J');
    log.error({ error: Object.assign(new Error('e'), { stack: 'Error: e\\u001b[2J\\n    at place' }) }, 'broken');
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--no-warnings', '-e', program],
    { env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' } },
  );
  t.notRegex(stdout.replaceAll('\n', ''), CONTROLS);
  t.regex(stdout, /502 GET \/a\\u001b\[2J 1ms .*\[upstream: x\\u000aGET \/forged, \\u009b2J\]/);
  t.regex(stdout, /said\\u001b\[2J names=a\\u001b\]0;title\\u0007/);
  t.is(stdout.split('\n').filter((line) => line.startsWith('GET ')).length, 0);
});
