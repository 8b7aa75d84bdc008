import test, { type ExecutionContext } from 'ava';
import { ADA, testGateway } from '../lab/gateways/gateway.ts';
import { holds } from '../lab/waiting/condition.ts';
import { listenOver, routeOver, type Transport } from '../support/gateways/forwarding.ts';
import { rawClient, rawExchange, statusOf } from '../support/http/raw.ts';
import type { UpstreamServer } from '../support/services/upstream-servers.ts';
import { application } from '../support/upstreams/application.ts';
import { authorization, bodyOf, message } from './message.ts';

const SERVERS: readonly UpstreamServer[] = ['uWSGI', 'gunicorn', 'PHP'];

function overAll(title: string, run: (t: ExecutionContext, server: UpstreamServer, over: Transport) => Promise<void>) {
  for (const server of SERVERS) {
    for (const over of ['undici', 'http-proxy-middleware'] as const) {
      test(`${title} (${server}, ${over})`, async (t) => {
        // Where it is not installed, apt-get does that first.
        t.timeout(900_000);
        await run(t, server, over);
      });
    }
  }
}

async function gatewayTo(t: ExecutionContext, server: UpstreamServer, over: Transport, requireLength = false) {
  const { url, begun, go } = await application(t, server);
  const gateway = await testGateway(t, {
    listen: listenOver(over),
    routes: [{ name: 'o', path: '/api/v1/o', upstream: url, requireLength, ...routeOver(over) }],
  });
  const log = async (): Promise<{ path: string; user: string | null }[]> => {
    const answer = await rawExchange(
      gateway.port,
      message(['GET /api/v1/o/log HTTP/1.1', 'Host: a', authorization(ADA), 'Connection: close']),
    );
    return JSON.parse(/\[.*\]/s.exec(bodyOf(answer))?.[0] ?? 'null');
  };
  return { port: gateway.port, log, begun, go };
}

/** What a client adds to its request to be taken for somebody else, or its body for something else. */
const FORGERIES = [
  ...[
    'X_User_Id: forged',
    'X-User_Id: forged',
    'X.User.Id: forged',
    'x_user.id: forged',
    'X-User-Id: forged',
    'X-User-Id_: forged',
  ],
  ...['HTTP_X_USER_ID: forged', 'Content_Length: 0', 'Content.Length: 0', 'Content~Length: 0', 'CONTENT-LENGTH_: 0'],
  ...['Content_Type: text/forged', 'Content.Type: text/forged', 'Content-Type_: text/forged', 'Http_Host: forged'],
  ...['Transfer_Encoding: chunked', 'Transfer.Encoding: chunked', 'Remote_User: forged', 'REMOTE-USER: forged'],
  ...['SCRIPT_NAME: /forged', 'Script-Name: /forged', 'PATH_INFO: /forged', 'X_Forwarded_For: 6.6.6.6'],
  ...['X.Forwarded.Proto: https', 'X_Forwarded_Host: forged', 'X-Forwarded_Ssl: on', 'X_Real_IP: 6.6.6.6'],
];

overAll(
  'a program sees the proven account and the whole body, whatever look-alikes come along',
  async (t, server, over) => {
    const { port } = await gatewayTo(t, server, over);
    for (const forgery of FORGERIES) {
      for (const isFirst of [true, false]) {
        const fields = ['Content-Type: text/plain', 'Content-Length: 5'];
        const answer = await rawExchange(
          port,
          message(
            [
              ...['POST /api/v1/o/x HTTP/1.1', 'Host: a', authorization(ADA), 'Connection: close'],
              ...(isFirst ? [forgery, ...fields] : [...fields, forgery]),
            ],
            'hello',
          ),
        );
        t.is(statusOf(answer), 200, forgery);
        const { variables, body } = JSON.parse(/\{.*\}/s.exec(bodyOf(answer))?.[0] ?? 'null');
        t.is(body, 'hello', forgery);
        t.is(variables.HTTP_X_USER_ID, '1', forgery);
        t.is(variables.CONTENT_LENGTH, '5', forgery);
        t.is(variables.CONTENT_TYPE, 'text/plain', forgery);
        t.is(variables.HTTP_X_FORWARDED_FOR, '127.0.0.1', forgery);
        const forged = Object.entries(variables).filter(([, value]) => /forged|6\.6\.6\.6/.test(String(value)));
        t.deepEqual(forged, [], forgery);
      }
    }
  },
);

overAll('a body that is sent late is never a request of its own', async (t, server, over) => {
  const { port, log, begun, go } = await gatewayTo(t, server, over);
  const inner = message(['GET /api/v1/o/smuggled HTTP/1.1', 'Host: a', 'X-User-Id: forged']);
  const lies = ['Content_Length: 0', 'Content-Length_: 0', 'HTTP_CONTENT_LENGTH: 0', 'Content.Length: 0'];
  for (const [i, lie] of lies.entries()) {
    const client = await rawClient(port);
    const length = `Content-Length: ${inner.length}`;
    client.send(
      `${['POST /api/v1/o/held HTTP/1.1', 'Host: a', authorization(ADA), lie, length, 'Connection: close'].join('\r\n')}\r\n\r\n`,
    );
    // undici sends the head together with the beginning of the body.
    const first = over === 'undici' ? 1 : 0;
    client.send(inner.slice(0, first));
    await holds('the request has begun', () => server === 'PHP' || begun() > i);
    client.send(inner.slice(first));
    await go();
    const answer = await client.ended();
    t.is(statusOf(answer), 200, lie);
    t.is(JSON.parse(/\{.*\}/s.exec(bodyOf(answer))?.[0] ?? 'null').body, inner, lie);
    client.socket.destroy();
  }
  const seen = await log();
  t.deepEqual(
    seen.map(({ user }) => user),
    lies.map(() => '1'),
  );
  t.deepEqual([...new Set(seen.map(({ path }) => path))], ['/api/v1/o/held']);
});

overAll('chunks are never requests of their own where the route requires lengths', async (t, server, over) => {
  const { port, log } = await gatewayTo(t, server, over, true);
  const inner = message(['GET /api/v1/o/smuggled HTTP/1.1', 'Host: a', 'X-User-Id: forged']).repeat(50);
  const head = ['POST /api/v1/o/x HTTP/1.1', 'Host: a', authorization(ADA), 'Transfer-Encoding: chunked'];
  const chunks = `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`;
  for (let i = 0; i < 3; i++) {
    t.is(statusOf(await rawExchange(port, message([...head, 'Connection: close'], chunks))), 411);
  }
  t.deepEqual(await log(), []);
});
