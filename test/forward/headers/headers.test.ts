import test from 'ava';
import { type Forwarded, requestHeaders } from '../../../gateway/forward/headers/headers.ts';

const FROM_CLIENT: Forwarded = {
  userId: '1',
  requestId: 'r1',
  peer: { address: '192.0.2.1', trusted: false },
  clientHost: 'api.example.com',
  host: 'upstream:9000',
  passAuthorization: false,
  methodIsFixed: false,
  stripPrefix: undefined,
};
const FROM_PROXY: Forwarded = { ...FROM_CLIENT, peer: { address: '10.0.0.1', trusted: true } };

/** The fields as pairs, less those that every request is given, whose test is the first one. */
function passed(
  fields: Record<string, string> | [string, string][],
  from: Forwarded = FROM_CLIENT,
): [string, string][] {
  const given = Array.isArray(fields) ? fields : Object.entries(fields);
  const own = new Set([
    'host',
    'x-request-id',
    'x-user-id',
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-forwarded-host',
  ]);
  return pairs(requestHeaders(given.flat(), from)).filter(
    ([name, value]) => !own.has(name) && !(name === 'traceparent' && value.endsWith('-01')),
  );
}

function pairs(flat: readonly string[]): [string, string][] {
  return flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? ''] as [string, string]] : []));
}

function values(flat: readonly string[], name: string): string[] {
  return pairs(flat).flatMap(([other, value]) => (other.toLowerCase() === name ? [value] : []));
}

test('every request is given its host, its trace, where it came from, its id and its account', (t) => {
  const written = pairs(requestHeaders([], FROM_CLIENT));
  t.deepEqual(
    written.filter(([name]) => name !== 'traceparent'),
    [
      ['host', 'upstream:9000'],
      ['x-forwarded-for', '192.0.2.1'],
      ['x-forwarded-proto', 'http'],
      ['x-forwarded-host', 'api.example.com'],
      ['x-request-id', 'r1'],
      ['x-user-id', '1'],
    ],
  );
  t.regex(values(written.flat(), 'traceparent').join(), /^00-[\da-f]{32}-[\da-f]{16}-01$/);
  t.deepEqual(values(requestHeaders([], { ...FROM_CLIENT, userId: null }), 'x-user-id'), []);
});

test('other fields pass in their order and spelling, repeated ones too', (t) => {
  const fields: [string, string][] = [
    ['aCCept', '*/*'],
    ['X-A', '1'],
    ['Accept-Encoding', 'gzip'],
    ['x-a', '2'],
    ['X_Other', '\xe4'],
    ['Content-Length', '5'],
  ];
  t.deepEqual(passed(fields), fields);
});

test('hop-by-hop fields and their look-alikes are dropped, and what Connection names', (t) => {
  const dropped = {
    Connection: 'keep-alive, X-Hop , x-two,,',
    'Keep-Alive': '1',
    'Proxy-Connection': '1',
    'Proxy-Authorization': '1',
    Proxy_Authorization: '1',
    TE: 'trailers',
    Trailer: 'x',
    'Transfer-Encoding': 'chunked',
    Transfer_Encoding: 'chunked',
    Upgrade: 'h2c',
    'HTTP2-Settings': 'x',
    Expect: '100-continue',
    Proxy: 'http://evil',
    'X-Hop': '1',
    'X-TWO': '2',
  };
  t.deepEqual(passed({ ...dropped, 'X-Stays': '1' }), [['X-Stays', '1']]);
});

test('Connection cannot remove what frames the message or what the gateway writes', (t) => {
  const connection = 'content-length, content-type, host, x-user-id, x-request-id, x-forwarded-for, traceparent, close';
  const fields = requestHeaders(['Content-Length', '5', 'Content-Type', 'a/b', 'Connection', connection], FROM_CLIENT);
  for (const name of [
    'content-length',
    'content-type',
    'host',
    'x-user-id',
    'x-request-id',
    'x-forwarded-for',
    'traceparent',
  ]) {
    t.is(values(fields, name).length, 1, name);
  }
});

test('Authorization passes where the route says so, and a look-alike of it never', (t) => {
  const fields = { Authorization: 'Basic x', 'Author.zation': 'stays' };
  t.deepEqual(passed(fields), [['Author.zation', 'stays']]);
  t.deepEqual(passed(fields, { ...FROM_CLIENT, passAuthorization: true }), Object.entries(fields));
});

test("the gateway's own cookies are dropped, and others pass as they are", (t) => {
  const cases: [string, string | null][] = [
    ['a=b; c=d', 'a=b; c=d'],
    ['gatehouse_session=x', null],
    ['__Host-gatehouse_session=x; gatehouse_session.sig=y; __Host-gatehouse_session.sig=z', null],
    ['a=b; gatehouse_session=x; c=d', 'a=b; c=d'],
    ['gatehouse_form=x; a=b; __Host-gatehouse_form=y', 'a=b'],
    ['gatehouse_formula=x', 'gatehouse_formula=x'],
    ['gatehouse_session=x;a=b', 'a=b'],
    ['a=b;gatehouse_session', 'a=b'],
    ['a=b;\tgatehouse_session =x', 'a=b'],
    ['gatehouse_session_of_another=x; a=gatehouse_session', 'gatehouse_session_of_another=x; a=gatehouse_session'],
  ];
  for (const [sent, expected] of cases) {
    t.deepEqual(passed({ Cookie: sent }), expected === null ? [] : [['Cookie', expected]], sent);
  }
});

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

test('a trace is carried on where it is well-formed, and begun anew elsewhere', (t) => {
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
  const carried = requestHeaders(['tracestate', 'a=1', 'TraceParent', trace, 'tracestate', 'b=2'], FROM_CLIENT);
  t.deepEqual(values(carried, 'traceparent'), [trace]);
  t.deepEqual(values(carried, 'tracestate'), ['a=1,b=2']);
  for (const bad of [
    '',
    'x',
    trace.toUpperCase(),
    trace.replace('00-0', 'ff-0'),
    `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`,
  ]) {
    const anew = requestHeaders(['traceparent', bad, 'tracestate', 'a=1'], FROM_CLIENT);
    t.regex(values(anew, 'traceparent').join(), /^00-[\da-f]{32}-[\da-f]{16}-01$/);
    t.deepEqual(values(anew, 'tracestate'), []);
  }
});

test('where a route takes some methods alone, no field tells the upstream of another one', (t) => {
  const fields = {
    'X-HTTP-Method-Override': 'DELETE',
    x_http_method: 'PUT',
    'X-Method-Override': 'PATCH',
    'X-Other': '1',
  };
  t.deepEqual(passed(fields, { ...FROM_CLIENT, methodIsFixed: true }), [['X-Other', '1']]);
  t.deepEqual(passed(fields), Object.entries(fields));
});

test('a traceparent of version 00 has nothing behind its flags, one of a later version may', (t) => {
  const ids = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
  const kept = (value: string) =>
    values(requestHeaders(['traceparent', value], FROM_CLIENT), 'traceparent')[0] === value;
  t.true(kept(`00-${ids}`));
  t.true(kept(`01-${ids}-more`));
  t.false(kept(`00-${ids}-more`));
  t.false(kept(`ff-${ids}`));
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

test('Via passes as it is, and Max-Forwards counts down where hops are counted', (t) => {
  t.deepEqual(passed({ Via: '1.1 a', 'Max-Forwards': '3' }), [
    ['Via', '1.1 a'],
    ['Max-Forwards', '3'],
  ]);
  const counted = (value: string) => passed({ 'Max-Forwards': value }, { ...FROM_CLIENT, countsHops: true })[0]?.[1];
  t.is(counted('3'), '2');
  t.is(counted('1'), '0');
  t.is(counted('99999999999999999999'), '999');
  t.is(counted('x'), 'x');
});
