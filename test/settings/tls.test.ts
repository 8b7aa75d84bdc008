import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { AUTHORITY, CLIENT, EXPIRED_CLIENT, SERVER } from '../support/stores/certificates.ts';
import { problemsOf, ROUTES, settingsOf } from './problems.ts';

const MYSQL = 'mysql://a:b@db.test/gatehouse';

/** A configuration for these options of TLS, as environment variables: PEM has several lines. */
function withTls(options: Record<string, string>, url = MYSQL): [text: string, env: NodeJS.ProcessEnv] {
  const names = Object.keys(options).map((name) => `${name}: "\${${name.toUpperCase()}}"`);
  const env = Object.fromEntries(Object.entries(options).map(([name, value]) => [name.toUpperCase(), value]));
  const text = `database: { url: "${url}", tls: { ${names.join(', ')} } }\ntokens: { secrets: ["${'s'.repeat(32)}"] }\n${ROUTES}`;
  return [text, env];
}

test('TLS to the database is off by default, and {} turns it on with the defaults of Node', (t) => {
  t.false('tls' in settingsOf(t, ROUTES).database);
  t.deepEqual(settingsOf(t, ...withTls({})).database.tls, {});
});

test('certificates and keys that belong together are accepted', (t) => {
  const { tls } = settingsOf(
    t,
    ...withTls({ ca: AUTHORITY.cert + SERVER.cert, certificate: CLIENT.cert, key: CLIENT.key }),
  ).database;
  t.is(tls?.certificate, CLIENT.cert);
});

const MALFORMED = CLIENT.cert.replace('MII', 'AAA');
const ENCRYPTED = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA\n-----END ENCRYPTED PRIVATE KEY-----';
const REFUSALS: readonly [title: string, options: Record<string, string>, key: string, message: RegExp][] = [
  ['a text that is not PEM', { ca: 'x' }, 'ca', /^\(from \$\{CA\}\) is not PEM; must be a certificate/],
  ['a key as an authority', { ca: CLIENT.key }, 'ca', /is a private key, not a certificate/],
  ['half of a certificate', { ca: CLIENT.cert.slice(0, 200) }, 'ca', /holds no whole certificate/],
  [
    'authorities cut off',
    { ca: AUTHORITY.cert + CLIENT.cert.slice(0, 200) },
    'ca',
    /holds a certificate that is cut off/,
  ],
  ['a broken certificate', { ca: MALFORMED }, 'ca', /holds a malformed certificate/],
  ['a certificate as a key', { certificate: CLIENT.cert, key: CLIENT.cert }, 'key', /holds no private key/],
  [
    'an encrypted key',
    { certificate: CLIENT.cert, key: ENCRYPTED },
    'key',
    /is encrypted; must be a private key without/,
  ],
  ['a key alone', { key: CLIENT.key }, 'key', /needs tls\.certificate; must be left out, or both/],
  ['a certificate alone', { certificate: CLIENT.cert }, 'certificate', /needs tls\.key/],
  [
    'the key of another',
    { certificate: CLIENT.cert, key: SERVER.key },
    'key',
    /does not belong to the first certificate/,
  ],
  [
    'an expired certificate',
    { certificate: EXPIRED_CLIENT.cert, key: EXPIRED_CLIENT.key },
    'certificate',
    /^\(from \$\{CERTIFICATE\}\) has expired on 2025-01-01; must be a certificate that is still valid$/,
  ],
  ['an expired authority', { ca: EXPIRED_CLIENT.cert }, 'ca', /has expired on 2025-01-01/],
];
for (const [title, options, key, message] of REFUSALS) {
  test(`${title} is refused, by its place`, (t) => {
    const problems = problemsOf(...withTls(options));
    t.is(problems.length, 1, JSON.stringify(problems));
    t.is(problems[0]?.at.split(' ')[1], `database.tls.${key}`);
    t.regex(problems[0]?.message ?? '', message);
    t.false(problems[0]?.message.includes('MII'), 'keys are secret');
  });
}

test('a certificate of a list of authorities may have expired', (t) => {
  t.deepEqual(problemsOf(...withTls({ ca: EXPIRED_CLIENT.cert + AUTHORITY.cert })), []);
});

test('SQLite has no TLS', (t) => {
  t.regex(problemsOf(...withTls({}, 'sqlite:x'))[0]?.message ?? '', /^is for a database server; must be left out/);
});

const POSTGRES = 'postgres://a:b@db.test/gatehouse';
const CONTRADICTIONS: readonly [parameters: string, options: Record<string, string>, message: RegExp][] = [
  ['?sslmode=disable', {}, /is set, but database\.url has sslmode=disable; one of the two must be left out/],
  ['?sslmode=require', { ca: AUTHORITY.cert }, /has a ca, but database\.url has sslmode=require/],
  ['?sslmode=require', { serverName: 'x' }, /has a serverName, but .*must be sslmode=verify-full/],
  ['?sslmode=verify-ca', { serverName: 'x' }, /has a serverName, but database\.url has sslmode=verify-ca/],
];
for (const [parameters, options, message] of CONTRADICTIONS) {
  test(`${parameters} of PostgreSQL contradicts tls: { ${Object.keys(options)} }`, (t) => {
    const [problem, ...more] = problemsOf(...withTls(options, `${POSTGRES}${parameters}`));
    t.is(problem?.at.split(' ')[1], 'database.tls');
    t.regex(problem?.message ?? '', message);
    t.deepEqual(more, []);
  });
}

test('a Unix socket of PostgreSQL has no TLS', (t) => {
  const [problem] = problemsOf(...withTls({}, 'postgres://a@/gatehouse?host=/run/postgresql'));
  t.regex(problem?.message ?? '', /is not for the Unix socket/);
});

test('every other sslmode goes with database.tls', (t) => {
  const own = { certificate: CLIENT.cert, key: CLIENT.key };
  t.deepEqual(problemsOf(...withTls(own, `${POSTGRES}?sslmode=require`)), []);
  t.deepEqual(problemsOf(...withTls({ ...own, ca: AUTHORITY.cert }, `${POSTGRES}?sslmode=verify-ca`)), []);
  t.deepEqual(problemsOf(...withTls({ ca: AUTHORITY.cert, serverName: 'x' }, `${POSTGRES}?sslmode=verify-full`)), []);
  t.deepEqual(problemsOf(...withTls({ serverName: 'x' }, POSTGRES)), []);
});

for (const [parameter, option] of [
  ['sslrootcert', 'ca'],
  ['sslcert', 'certificate'],
  ['sslkey', 'key'],
]) {
  test(`${parameter} in the URL is refused with a hint`, (t) => {
    const [problem] = problemsOf(`database: { url: "${POSTGRES}?${parameter}=/x.pem" }\n${ROUTES}`);
    t.regex(problem?.message ?? '', new RegExp(`"${parameter}"; must be left out: write database\\.tls\\.${option},`));
  });
}

test('a file that is missing or is no PEM is named', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'empty.pem'), '');
  const problemWith = (file: string) =>
    problemsOf(withTls({ ca: '' })[0].replace('{CA}', `{file:${join(folder, file)}}`))[0]?.message ?? '';
  t.regex(problemWith('missing.pem'), /missing\.pem.*there is no such file/);
  t.regex(problemWith('empty.pem'), /^\(from \$\{file:.*empty\.pem\}\) is not PEM/);
});

test('the certificate and key of a group of upstreams belong together too', (t) => {
  const text = `upstreams: { a: { servers: https://x, tls: { certificate: "\${CERT}", key: "\${KEY}" } } }\n${ROUTES}`;
  const [problem] = problemsOf(text, { CERT: CLIENT.cert, KEY: SERVER.key });
  t.regex(problem?.message ?? '', /does not belong to the first certificate/);
  t.deepEqual(problemsOf(text, { CERT: EXPIRED_CLIENT.cert, KEY: EXPIRED_CLIENT.key }), []);
});
