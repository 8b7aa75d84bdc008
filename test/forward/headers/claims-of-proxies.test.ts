import test from 'ava';
import { requestHeaders } from '../../../gateway/forward/headers/request-headers.ts';
import { FROM_CLIENT, FROM_PROXY, pairs, passed, values } from './forwarded-fields.ts';

test('what just anybody says of where a request came from is not passed on', (t) => {
  const claims = {
    'X-Forwarded-For': '1.1.1.1',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Host': 'evil',
    'X-Forwarded-Port': '1',
    'X-Forwarded-Prefix': '/evil',
    X_Forwarded_For: '2.2.2.2',
    Forwarded: 'for=1.1.1.1',
    'X-Real-IP': '1.1.1.1',
    'X-Original-URL': '/admin',
    'X-Rewrite-Url': '/admin',
    x_original_url: '/admin',
  };
  const fields = requestHeaders(Object.entries(claims).flat(), FROM_CLIENT);
  t.deepEqual(passed(claims), []);
  t.deepEqual(values(fields, 'x-forwarded-for'), ['192.0.2.1']);
  t.deepEqual(values(fields, 'x-forwarded-proto'), ['http']);
  t.deepEqual(values(fields, 'x-forwarded-host'), ['api.example.com']);
});

test('a trusted proxy is believed, its address is appended, and look-alikes it let through are not', (t) => {
  const fields = requestHeaders(
    [
      ...[
        'X_Forwarded_For',
        '6.6.6.6',
        'X_Forwarded_Proto',
        'http',
        'X.Forwarded.Host',
        'evil',
        'X_Real_IP',
        '6.6.6.6',
      ],
      ...['X-Forwarded-For', '1.1.1.1', 'x-forwarded-for', '2.2.2.2, 3.3.3.3'],
      ...['X-Forwarded-Proto', 'https', 'X-Forwarded-Host', 'api.example.com', 'X-Forwarded-Port', '443'],
    ],
    { ...FROM_PROXY, clientHost: 'internal' },
  );
  t.deepEqual(values(fields, 'x-forwarded-for'), ['1.1.1.1, 2.2.2.2, 3.3.3.3, 10.0.0.1']);
  t.deepEqual(values(fields, 'x-forwarded-proto'), ['https']);
  t.deepEqual(values(fields, 'x-forwarded-host'), ['api.example.com']);
  t.deepEqual(values(fields, 'x-forwarded-port'), ['443']);
  t.is(pairs(fields).filter(([name]) => /[_.]/.test(name)).length, 0);
});

test('X-Forwarded-Proto is http or https, whatever a trusted proxy says', (t) => {
  for (const proto of ['gopher', 'http, https', 'httpss', '']) {
    t.deepEqual(values(requestHeaders(['X-Forwarded-Proto', proto], FROM_PROXY), 'x-forwarded-proto'), ['http'], proto);
  }
});

test('of a list of protocols that proxies have made, the first one counts, in any case', (t) => {
  for (const proto of ['https', 'HTTPS', 'https, http']) {
    t.deepEqual(
      values(requestHeaders(['X-Forwarded-Proto', proto], FROM_PROXY), 'x-forwarded-proto'),
      ['https'],
      proto,
    );
  }
});

test('of a list of hosts that proxies have made, the first one counts', (t) => {
  for (const list of ['api.example.com, inner:8080', 'api.example.com,', 'api.example.com']) {
    const written = requestHeaders(['X-Forwarded-Host', list], { ...FROM_PROXY, clientHost: 'inner:8080' });
    t.deepEqual(values(written, 'x-forwarded-host'), ['api.example.com'], list);
  }
});

test('what is no host in the claim of a proxy is not passed on: the request has its own', (t) => {
  for (const claim of [
    'a/b',
    'a@b',
    'http://a',
    'a b',
    'a:80:80',
    '[::1',
    'a/b, c',
    '"a"',
    'a?b',
    'a#b',
    'a\\b',
    '\xe9',
  ]) {
    const asked = { ...FROM_PROXY, clientHost: 'inner:8080' };
    const written = requestHeaders(['X-Forwarded-Host', claim], asked);
    t.deepEqual(values(written, 'x-forwarded-host'), ['inner:8080'], claim);
    const forwarded = requestHeaders(['Forwarded', `for=1.1.1.1;host="${claim.replace(/["\\]/g, '\\$&')}"`], asked);
    t.deepEqual(values(forwarded, 'x-forwarded-host'), ['inner:8080'], claim);
  }
  for (const claim of ['a.example', 'a.example:8443', '[::1]:80', '10.0.0.1']) {
    const written = requestHeaders(['X-Forwarded-Host', claim], { ...FROM_PROXY, clientHost: 'inner:8080' });
    t.deepEqual(values(written, 'x-forwarded-host'), [claim]);
  }
});

/** By which programs take another path, identity, address or length. */
const CLAIMS = [
  ...['SCRIPT_NAME', 'Script-Name', 'PATH_INFO', 'X-Script-Name', 'X-Original-URL', 'X-Rewrite-URL', 'REMOTE_USER'],
  ...['X-Remote-User', 'X-Remote-Group', 'Remote-Groups', 'X-User-Email', 'X-User-Roles', 'X-User', 'X-Forwarded-User'],
  ...['X-Auth-Request-Email', 'X-Authenticated-Userid', 'X-Consumer-Username', 'Client-IP', 'True-Client-IP'],
  ...['CF-Connecting-IP', 'X-Client-IP', 'X-Cluster-Client-IP', 'X-Real-IP', 'Forwarded', 'X-Forwarded-Port'],
  ...['X-Forwarded-Prefix', 'X-Original-Host', 'X-Host', 'X-Scheme', 'X-Url-Scheme', 'Front-End-Https', 'HTTPS'],
  ...['Content_Length', 'Transfer_Encoding', 'Content_Type', 'Client-Cert', 'X-SSL-Client-Verify', 'Proxy'],
];

test('what programs take another path, identity, address or length by is dropped from just anybody', (t) => {
  for (const name of CLAIMS) t.deepEqual(passed({ [name]: '1' }), [], name);
});

test('who sends a request, and what path it is for, no trusted proxy says either', (t) => {
  for (const name of [
    'X-User-Email',
    'Remote-User',
    'X-Remote-User',
    'X-Forwarded-User',
    'SCRIPT_NAME',
    'X-Original-URL',
  ]) {
    t.deepEqual(passed({ [name]: '1' }, FROM_PROXY), [], name);
  }
});

test('where a request comes from, a trusted proxy says, and Connection takes none of it away', (t) => {
  const claims = {
    'X-Real-IP': '1.1.1.1',
    'X-Forwarded-Port': '443',
    'True-Client-IP': '1.1.1.1',
    'X-Scheme': 'https',
  };
  const connection = Object.keys(claims).join(', ');
  t.deepEqual(passed({ ...claims, Connection: connection }, FROM_PROXY), Object.entries(claims));
});

test('a trusted proxy that writes Forwarded is added to it, and is heard where it writes nothing else', (t) => {
  const alone = requestHeaders(
    ['Forwarded', 'for="[2001:DB8::7]:4711";proto=http;host=evil, for=1.1.1.1;proto=https;host=a.example'],
    FROM_PROXY,
  );
  t.deepEqual(values(alone, 'forwarded'), [
    'for="[2001:DB8::7]:4711";proto=http;host=evil, for=1.1.1.1;proto=https;host=a.example, for=10.0.0.1',
  ]);
  t.deepEqual(values(alone, 'x-forwarded-for'), ['2001:db8::7, 1.1.1.1, 10.0.0.1']);
  t.deepEqual(values(alone, 'x-forwarded-proto'), ['https']);
  t.deepEqual(values(alone, 'x-forwarded-host'), ['a.example']);

  const both = requestHeaders(
    ['Forwarded', 'for=6.6.6.6;proto=https', 'X-Forwarded-For', '1.1.1.1', 'X-Forwarded-Proto', 'http'],
    FROM_PROXY,
  );
  t.deepEqual(values(both, 'x-forwarded-for'), ['1.1.1.1, 10.0.0.1']);
  t.deepEqual(values(both, 'x-forwarded-proto'), ['http']);

  const malformed = requestHeaders(['Forwarded', 'for=[::1'], FROM_PROXY);
  t.deepEqual(values(malformed, 'forwarded'), ['for=10.0.0.1']);
});
