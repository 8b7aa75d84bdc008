import test from 'ava';
import { requestHeaders } from '../../../gateway/forward/headers/request-headers.ts';
import { FROM_CLIENT, pairs, passed, values } from './forwarded-fields.ts';

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
  t.deepEqual(values(requestHeaders([], { ...FROM_CLIENT, identity: [] }), 'x-user-id'), []);
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
