import test from 'ava';
import { listenAddress } from '../../gateway/settings/schema/listener-options.ts';
import { SERVER } from '../support/stores/certificates.ts';
import { problemsOf, ROUTES, settingsOf } from './problems.ts';

const USUAL = { listen: 8080, ops: 8081, decisions: 8082 };

for (const [name, port] of Object.entries(USUAL) as [keyof typeof USUAL, number][]) {
  test(`${name} is on loopback unless it says otherwise`, (t) => {
    const { [name]: section } = settingsOf(t, `${ROUTES}${name}: {}\n`);
    t.deepEqual(listenAddress(name, section ?? {}), { host: '127.0.0.1', port });
    t.deepEqual(listenAddress(name, { host: '::' }), { host: '::', port });
    t.deepEqual(listenAddress(name, { socket: '/run/g.sock' }), { path: '/run/g.sock' });
    t.deepEqual(listenAddress(name, { fd: 'web' }), { fd: 'web' });
  });
}

for (const [yaml, at, message] of [
  ['listen: { fd: 3, port: 80 }', 'listen.port', /excludes listen\.fd; one of the two must be left out/],
  ['listen: { fd: 3, socket: /run/g.sock }', 'listen.socket', /excludes listen\.fd/],
  ['ops: { socket: /run/g.sock, host: "::1" }', 'ops.host', /excludes ops\.socket/],
  ['listen: { fd: 2 }', 'listen.fd', /must be a descriptor, a whole number from 3 to 1023/],
  ['listen: { fd: "a:b" }', 'listen.fd', /FileDescriptorName/],
  ['listen: { socket: g.sock }', 'listen.socket', /full path of a Unix socket/],
  ['listen: { fd: 3 }\nops: { fd: 3 }', 'ops.fd', /3 is listen\.fd too; must be another socket/],
  [
    'ops: { socket: /g }\ndecisions: { socket: /g }',
    'decisions.socket',
    /\/g is ops\.socket too; must be another path/,
  ],
  [
    'decisions: { fd: 3 }',
    'decisions.peers',
    /must list the proxies that may ask, such as \[127\.0\.0\.1\], or \[unix\]/,
  ],
  ['listen: { proxyProtocol: true }', 'trustedProxies', /must list the proxies that send PROXY headers/],
  [
    'listen: { proxyProtocol: true, socket: /run/g.sock }\ntrustedProxies: [127.0.0.1]',
    'trustedProxies',
    /lacks unix, .*; must contain unix/,
  ],
  [
    `listen: { proxyProtocol: true, tls: { certificate: ${JSON.stringify(SERVER.cert)}, key: ${JSON.stringify(SERVER.key)} }, redirect: { socket: /run/r.sock } }\ntrustedProxies: [127.0.0.1]`,
    'trustedProxies',
    /lacks unix, .* of listen\.redirect\.socket; must contain unix/,
  ],
  ['listen: { fd: 3 }\nmail: { url: folder:mail, from: a@b.example }', 'pages.url', /mails need it for their links/],
  ['trustedProxies: [unix:]', 'trustedProxies[0]', /or unix for the peers of a Unix socket/],
] as const) {
  test(`${yaml.replace('\n', ', ')} is one problem`, (t) => {
    const problems = problemsOf(`${ROUTES}${yaml}\n`);
    t.is(problems.length, 1, JSON.stringify(problems));
    t.true(problems[0]?.at.endsWith(` ${at}`), problems[0]?.at);
    t.regex(problems[0]?.message ?? '', message);
  });
}

test('descriptors, names of sockets and Unix sockets may be mixed', (t) => {
  for (const yaml of [
    'listen: { fd: 3 }\nops: { fd: 4 }\ndecisions: { fd: asking, peers: [unix] }\n',
    'listen: { socket: /run/a.sock }\nops: { socket: /run/b.sock }\ndecisions: { port: 8080 }\ntrustedProxies: [unix]\n',
  ]) {
    t.deepEqual(problemsOf(ROUTES + yaml), [], yaml);
  }
});
