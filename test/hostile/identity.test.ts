import { ADA, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream, type SeenRequest } from '../lab/upstreams/upstream.ts';
import { listenOver, overAll, routeOver } from '../support/gateways/forwarding.ts';
import { rawExchange, statusOf } from '../support/http/raw.ts';
import { authorization, message } from './message.ts';

/** What an upstream of whatever make could take for the identity: CGI, WSGI and Rack see letters and digits alone. */
function identitiesIn({ rawHeaders }: SeenRequest): string[] {
  return rawHeaders.filter(
    (_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase().replace(/[^a-z0-9]/g, '-') === 'x-user-id',
  );
}

const FORGERIES: readonly (readonly string[])[] = [
  ['X-User-Id: 2'],
  ['x-user-id: 2', 'X-USER-ID: 3'],
  ['X_User_Id: 2'],
  ['x_user-id: 2', 'x-user_id: 3'],
  ['X.User.Id: 2'],
  ['X~User~Id: 2', 'X!User#Id: 3', 'X|User`Id: 4', "X'User*Id: 5", 'X+User^Id: 6', 'X$User&Id: 7', 'X%User%Id: 8'],
  ['X-User-Id:'],
  ['X-User-Id: 1, 2'],
  ['Connection: X-User-Id'],
  ['Connection: close, x-user-id'],
  ['Connection: x-user-id', 'X-User-Id: 2', 'Connection: X_User_Id'],
  ['Connection:\tX-USER-ID\t,'],
  ['Keep-Alive: X-User-Id', 'Proxy-Connection: X-User-Id', 'TE: X-User-Id', 'Trailer: X-User-Id'],
];

overAll('the upstream reads one identity, the proven one, whatever the client sends', async (t, over) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    listen: listenOver(over),
    routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url, ...routeOver(over) }],
  });
  for (const forgery of FORGERIES) {
    const answer = await rawExchange(
      gateway.port,
      message(['GET /api/v1/o HTTP/1.1', 'Host: a', ...forgery, authorization(ADA), 'Connection: close']),
    );
    t.is(statusOf(answer), 200, forgery.join('; '));
    const seen = upstream.seen.at(-1);
    t.deepEqual(seen && identitiesIn(seen), ['1'], forgery.join('; '));
  }
  t.is(upstream.seen.length, FORGERIES.length);
});

overAll('on a route without authentication no identity arrives, whatever the client sends', async (t, over) => {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    listen: listenOver(over),
    routes: [{ name: 'p', path: '/p', upstream: upstream.url, auth: 'none', ...routeOver(over) }],
  });
  for (const forgery of FORGERIES) {
    const answer = await rawExchange(
      gateway.port,
      message(['GET /p HTTP/1.1', 'Host: a', ...forgery, authorization(ADA), 'Connection: close']),
    );
    t.is(statusOf(answer), 200, forgery.join('; '));
    const seen = upstream.seen.at(-1);
    t.deepEqual(seen && identitiesIn(seen), [], forgery.join('; '));
  }
  t.is(upstream.seen.length, FORGERIES.length);
});

overAll('trailers of a chunked body do not reach the upstream, and the body does', async (t, over) => {
  const received: { body: string; trailers: string[] }[] = [];
  const upstream = await httpUpstream(t, (req, res) => {
    let body = '';
    req.setEncoding('latin1');
    req.on('data', (chunk: string) => {
      body += chunk;
    });
    req.on('end', () => {
      received.push({ body, trailers: req.rawTrailers });
      res.end();
    });
  });
  const gateway = await testGateway(t, {
    listen: listenOver(over),
    routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url, ...routeOver(over) }],
  });
  const answer = await rawExchange(
    gateway.port,
    message(
      [
        ...['POST /api/v1/o HTTP/1.1', 'Host: a', authorization(ADA), 'Connection: close'],
        ...['Transfer-Encoding: chunked', 'Trailer: X-User-Id'],
      ],
      '5\r\nhello\r\n0\r\nX-User-Id: 2\r\nAuthorization: Basic Mjoy\r\n\r\n',
    ),
  );
  t.is(statusOf(answer), 200);
  t.deepEqual(received, [{ body: 'hello', trailers: [] }]);
  t.deepEqual(upstream.seen.map(identitiesIn), [['1']]);
  t.deepEqual(upstream.seen[0]?.values('trailer'), []);
});

// CVE-2026-26365 (Akamai), CVE-2026-6338 (Kong): the framing was dropped as a field that `Connection` names.
overAll(
  'a Connection option that names the framing takes none of it away, and the body is no request',
  async (t, over) => {
    const bodies: string[] = [];
    const upstream = await httpUpstream(t, (req, res) => {
      let body = '';
      req.setEncoding('latin1');
      req.on('data', (chunk: string) => {
        body += chunk;
      });
      req.on('end', () => {
        bodies.push(body);
        res.end();
      });
    });
    const gateway = await testGateway(t, {
      listen: listenOver(over),
      routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url, ...routeOver(over) }],
    });
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
    for (const [field, body] of [
      [`Content-Length: ${smuggled.length}`, smuggled],
      ['Transfer-Encoding: chunked', `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`],
    ] as const) {
      for (const option of ['content-length', 'Transfer-Encoding', 'transfer-encoding, content-length']) {
        const head = ['POST /api/v1/o HTTP/1.1', 'Host: a', authorization(ADA), field, `Connection: ${option}, close`];
        t.is(statusOf(await rawExchange(gateway.port, message(head, body))), 200, option);
      }
    }
    t.deepEqual(bodies, Array(6).fill(smuggled));
    t.true(upstream.seen.every(({ url }) => url === '/api/v1/o'));
  },
);

overAll(
  'a Connection option removes a field of the client and none that the gateway or the framing needs',
  async (t, over) => {
    const upstream = await httpUpstream(t);
    const gateway = await testGateway(t, {
      listen: listenOver(over),
      routes: [{ name: 'o', path: '/api/v1/o', upstream: upstream.url, ...routeOver(over) }],
    });
    const answer = await rawExchange(
      gateway.port,
      message(
        [
          ...['POST /api/v1/o HTTP/1.1', 'Host: a', authorization(ADA), 'X-Custom: 1', 'X-Request-Id: r1'],
          ...['Content-Type: text/plain', 'Content-Length: 5'],
          'Connection: close, x-forwarded-for, x-forwarded-host, x-request-id, host, content-length, content-type, x-custom, traceparent',
        ],
        'hello',
      ),
    );
    t.is(statusOf(answer), 200);
    const seen = upstream.seen[0];
    t.deepEqual(seen?.values('x-forwarded-for'), ['127.0.0.1']);
    t.deepEqual(seen?.values('x-forwarded-host'), ['a']);
    t.deepEqual(seen?.values('x-request-id'), ['r1']);
    t.deepEqual(seen?.values('host'), [`127.0.0.1:${upstream.port}`]);
    t.deepEqual(seen?.values('content-length'), ['5']);
    t.deepEqual(seen?.values('content-type'), ['text/plain']);
    t.is(seen?.values('traceparent').length, 1);
    t.deepEqual(seen?.values('x-custom'), []);
  },
);
