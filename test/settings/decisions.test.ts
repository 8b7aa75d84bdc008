import test from 'ava';
import { OperatorError } from '../../gateway/domain/errors.ts';
import { requireNoRestart } from '../../gateway/settings/rules/restart.ts';
import { listenAddress } from '../../gateway/settings/schema/listener-options.ts';
import { problemsOf, ROUTES, settingsOf } from './problems.ts';

const withDecisions = (options: string) => `${ROUTES}decisions: { ${options} }\n`;
const ALONE = 'routes: [{ name: orders, path: /api/v1/orders }]\n';

test('decisions are off unless configured, and then on loopback', (t) => {
  t.is(settingsOf(t, ROUTES).decisions, undefined);
  const { decisions } = settingsOf(t, withDecisions(''));
  t.deepEqual(decisions, { peers: [], cache: 0 });
  t.deepEqual(listenAddress('decisions', decisions ?? {}), { host: '127.0.0.1', port: 8082 });
  t.deepEqual(listenAddress('decisions', { socket: '/run/g.sock' }), { path: '/run/g.sock' });
});

for (const [options, at, message] of [
  ['socket: /run/g.sock, port: 1', 'decisions.port', /excludes decisions\.socket/],
  ['socket: /run/g.sock, host: "::1"', 'decisions.host', /excludes decisions\.socket/],
  ['socket: g.sock', 'decisions.socket', /full path of a Unix socket/],
  ['host: 0.0.0.0', 'decisions.peers', /must list the proxies that may ask/],
  ['host: gate.internal', 'decisions.peers', /must list the proxies that may ask/],
  ['host: 0.0.0.0, peers: [10.0.0.300]', 'decisions.peers[0]', /must be an IP address or a network/],
  ['port: 8080', 'decisions.port', /8080 is listen\.port too/],
  ['port: 8081', 'decisions.port', /8081 is ops\.port too/],
  ['cache: 1s', 'decisions.cache', /from 2s to 60s/],
  ['cache: 61s', 'decisions.cache', /from 2s to 60s/],
  ['cache: 2', 'decisions.cache', /0s, or a duration from 2s to 60s/],
] as const) {
  test(`decisions: { ${options} } is one problem`, (t) => {
    const problems = problemsOf(withDecisions(options));
    t.is(problems.length, 1, JSON.stringify(problems));
    t.true(problems[0]?.at.endsWith(` ${at}`), problems[0]?.at);
    t.regex(problems[0]?.message ?? '', message);
  });
}

test('a loopback host in any form, or a socket, needs no peers', (t) => {
  for (const options of [
    'host: localhost',
    'host: "::1"',
    'host: 127.0.0.9',
    'socket: /run/g.sock',
    'port: 0',
    'cache: 60s',
  ]) {
    t.deepEqual(problemsOf(withDecisions(options)), [], options);
  }
});

test('upstream may be left out only with decisions', (t) => {
  t.regex(problemsOf(ALONE)[0]?.message ?? '', /^is missing; must be an http/);
  t.deepEqual(problemsOf(`${ALONE}decisions: {}\n`), []);
});

test('options of forwarding on a route without upstream have no effect, and are refused', (t) => {
  const routes = (option: string) => `routes: [{ name: o, path: /o, ${option} }]\ndecisions: {}\n`;
  for (const option of [
    'stripPrefix: /o',
    'preserveHost: true',
    'maxBody: 1mb',
    'timeouts: { idle: 1s }',
    'proxy: {}',
  ]) {
    t.regex(problemsOf(routes(option))[0]?.message ?? 'none', /^has no effect without upstream/, option);
  }
  for (const option of ['preserveHost: false', 'passAuthorization: true', 'timeouts: {}']) {
    t.deepEqual(problemsOf(routes(option)), [], option);
  }
});

test('a reload changes who may ask and what nginx keeps, but neither the address nor whether there is one', (t) => {
  const before = settingsOf(t, withDecisions(''));
  t.notThrows(() => requireNoRestart(before, settingsOf(t, withDecisions('cache: 2s, peers: [10.0.0.7]'))));
  for (const [text, named] of [
    [withDecisions('port: 9999'), 'decisions.port'],
    [withDecisions('socket: /run/g.sock'), 'decisions.socket'],
    [ROUTES, 'decisions'],
  ] as const) {
    const error = t.throws(() => requireNoRestart(before, settingsOf(t, text)), { instanceOf: OperatorError });
    t.true(error.message.includes(`${named} can only change`), error.message);
  }
  const added = t.throws(() => requireNoRestart(settingsOf(t, ROUTES), before), { instanceOf: OperatorError });
  t.regex(added.message, /decisions can only change/);
});
