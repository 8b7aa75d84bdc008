import test from 'ava';
import { stringify } from 'yaml';
import { AUTHORITY, EXPIRED_SERVER, type KeyPair, SERVER, STRANGER, WILDCARD } from '../support/stores/certificates.ts';
import { problemsOf, ROUTES, settingsOf } from './problems.ts';

function withListen(listen: object): string {
  return stringify({ listen }) + ROUTES;
}

function pair({ cert, key }: KeyPair, more: object = {}): object {
  return { certificate: cert, key, ...more };
}

test('one certificate may be written as a map, several as a list', (t) => {
  for (const [tls, count] of [
    [pair(SERVER), 1],
    [[pair(SERVER)], 1],
    [[pair(SERVER), pair(WILDCARD, { minVersion: '1.2' })], 2],
  ] as const) {
    t.is(settingsOf(t, withListen({ tls })).listen.tls?.length, count);
  }
  t.is(settingsOf(t, withListen({ tls: pair(SERVER) })).listen.tls?.[0]?.minVersion, '1.2');
});

test('an expired certificate is accepted: with several, the others are still of use', (t) => {
  t.deepEqual(problemsOf(withListen({ tls: [pair(SERVER), pair(EXPIRED_SERVER)] })), []);
});

test('a port alone is a redirect, and its host is that of the listener', (t) => {
  t.deepEqual(settingsOf(t, withListen({ tls: pair(SERVER), redirect: 80 })).listen.redirect, { port: 80 });
});

/** A key of 1024 bits, which OpenSSL takes for no TLS. */
const WEAK: KeyPair = {
  key: `-----BEGIN PRIVATE KEY-----
MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAMDQ9+1BEusYS95+
wJRHSp184SG7QcSH8aC43zLp3ts9PDbgBAbV2VNk2JOgEjg6NByKm4obDplgtqrK
+w8z6MaVL+hdNkpv8euKTSxqF8NaPdSAjLE4t+vSZAh2fr4Tq0dFdoIER7jI8HRq
psGwJC7K8diHlJtLRzJtU/TXCvovAgMBAAECgYAC3BaRQkHRks6tQhwBFv2YUF3W
bjyPeaSvyY4l5yoS/lmCRthIcauDfR9pMRqUEujq83NTHQueYrzS06fdlduB79df
6gKQ6A5lR+rhC8z4juAkh7PAyEK6J24H5kXdzac9Zh8tAo4uH6bb3LocjTSOOv77
QfPo6KY9eNZ5qC2VoQJBAPy0LI7tRiU/8nBp+pfx0chI3VG4ZG8c+dLW8SMtSu4L
5krSuCUf64yP4K0BSVP8VLem+AEntQySf0QatLvGC40CQQDDVNGQh3VhAKIa5hnw
Kx3bhGXXUHww+i16wv8D1zlUwVcjkylIt/O7l3ysRUPdcb7NcUNOzyyumc29x958
ZA+rAkEAsGwxd49bm4HrhmPW2eGvrf6A1R7Ar3oxR+tb6k0itNKF8tLuUKzaTAXe
u6ncQdA2bQkat+O62I4mX6utZjK7uQJAfF6FEIEvO5QrovTfjwvk9uBV98JHUOf6
DTAbL1baKhzwXrZUkviNN+Q8fXOcwmKqGiUDtiozSPilBzE7d/g+AQJBAITWomSj
5wDqPYDCG93hR1wAjGAzJk5R+2GLFAshVW0iPj1jgKukTVFSxz9sA1OR9EhLdCnH
CTwMtTD3Z90eFuc=
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIICHDCCAYWgAwIBAgIUIt9o3peBOP0kSYHO7NkbFlrKGLEwDQYJKoZIhvcNAQEL
BQAwFDESMBAGA1UEAwwJd2Vhay50ZXN0MCAXDTI2MTEyNzA3MjgxOFoYDzIxMjYx
MTAzMDcyODE4WjAUMRIwEAYDVQQDDAl3ZWFrLnRlc3QwgZ8wDQYJKoZIhvcNAQEB
BQADgY0AMIGJAoGBAMDQ9+1BEusYS95+wJRHSp184SG7QcSH8aC43zLp3ts9PDbg
BAbV2VNk2JOgEjg6NByKm4obDplgtqrK+w8z6MaVL+hdNkpv8euKTSxqF8NaPdSA
jLE4t+vSZAh2fr4Tq0dFdoIER7jI8HRqpsGwJC7K8diHlJtLRzJtU/TXCvovAgMB
AAGjaTBnMB0GA1UdDgQWBBRgdMlIoQESE6TXFrASAau3xSR+/jAfBgNVHSMEGDAW
gBRgdMlIoQESE6TXFrASAau3xSR+/jAPBgNVHRMBAf8EBTADAQH/MBQGA1UdEQQN
MAuCCXdlYWsudGVzdDANBgkqhkiG9w0BAQsFAAOBgQBddbZ/e92LdTsazNFIsvjN
PdNY37+Q/HquCquv2HHcxv4yKCXxGdyNRay/Kz/E0Pm0oPmgRMhC5CmVbfuapuDk
xh4stF0tSHJ26LbOLTW9cLR7ByX67RODjLBuoLPLUQEvKrwQNjpBWiIjv5n+7VVf
mdQcQuSfvrYoK6jrw36GWQ==
-----END CERTIFICATE-----`,
};

const REFUSALS: readonly [title: string, listen: object, at: string, message: RegExp][] = [
  [
    'a certificate without its key',
    { tls: { certificate: SERVER.cert } },
    'listen.tls.key',
    /^is missing; must be a private key/,
  ],
  [
    'a key without its certificate',
    { tls: { key: SERVER.key } },
    'listen.tls.certificate',
    /^is missing; must be a certificate/,
  ],
  ['an empty list', { tls: [] }, 'listen.tls', /^is an empty list; must be a map with certificate and key/],
  ['a text', { tls: 'on' }, 'listen.tls', /^must be a map with certificate and key, or a list of such maps/],
  [
    'a key of another certificate',
    { tls: pair({ cert: SERVER.cert, key: WILDCARD.key }) },
    'listen.tls.key',
    /does not belong to/,
  ],
  [
    'the same in a list',
    { tls: [pair(SERVER), pair({ cert: SERVER.cert, key: WILDCARD.key })] },
    'listen.tls[1].key',
    /does not belong to/,
  ],
  [
    'the chain before the certificate',
    { tls: pair({ cert: AUTHORITY.cert + SERVER.cert, key: SERVER.key }) },
    'listen.tls.key',
    /does not belong to the first certificate/,
  ],
  [
    'a key that is too short',
    { tls: pair(WEAK) },
    'listen.tls.certificate',
    /^is refused by OpenSSL \(.*key too small.*\); must be/,
  ],
  [
    'an old version',
    { tls: pair(SERVER, { minVersion: '1.1' }) },
    'listen.tls.minVersion',
    /^must be one of 1\.2, 1\.3/,
  ],
  ['an unknown option', { tls: pair(SERVER, { ca: AUTHORITY.cert }) }, 'listen.tls.ca', /unknown key "ca"/],
  [
    'a key as an authority',
    { tls: pair(SERVER, { clientCa: AUTHORITY.key }) },
    'listen.tls.clientCa',
    /is a private key, not a certificate/,
  ],
  [
    'another clientCa',
    { tls: [pair(SERVER, { clientCa: AUTHORITY.cert }), pair(WILDCARD, { clientCa: STRANGER.cert })] },
    'listen.tls[1].clientCa',
    /has another clientCa than the first/,
  ],
  [
    'a clientCa for one name only',
    { tls: [pair(SERVER, { clientCa: AUTHORITY.cert }), pair(WILDCARD)] },
    'listen.tls[1]',
    /has another clientCa than the first/,
  ],
  [
    'another minVersion',
    { tls: [pair(SERVER), pair(WILDCARD, { minVersion: '1.3' })] },
    'listen.tls[1].minVersion',
    /has another minVersion than the first/,
  ],
  ['a redirect without TLS', { redirect: 80 }, 'listen.redirect', /^needs listen\.tls/],
  [
    'a redirect from the port of https',
    { port: 8443, tls: pair(SERVER), redirect: 8443 },
    'listen.redirect',
    /8443 is listen\.port too/,
  ],
  [
    'a redirect from the port of ops',
    { tls: pair(SERVER), redirect: 8081 },
    'ops.port',
    /8081 is listen\.redirect\.port too/,
  ],
  ['a redirect from nowhere', { tls: pair(SERVER), redirect: 'eighty' }, 'listen.redirect', /^must be a port/],
];
for (const [title, listen, at, message] of REFUSALS) {
  test(`${title} is refused, by its place`, (t) => {
    const problems = problemsOf(withListen(listen));
    t.is(problems.length, 1, JSON.stringify(problems));
    t.is(problems[0]?.at.split(' ')[1], at);
    t.regex(problems[0]?.message ?? '', message);
    t.false(JSON.stringify(problems).includes('MII'), 'keys are secret');
  });
}

test('with TLS, the pages have no URL of http', (t) => {
  const text = stringify({ listen: { tls: pair(SERVER) }, pages: { url: 'http://api.test' } }) + ROUTES;
  t.regex(problemsOf(text)[0]?.message ?? '', /^is http, but listen\.tls has https only/);
});
