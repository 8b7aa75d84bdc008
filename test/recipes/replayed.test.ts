import test, { type ExecutionContext } from 'ava';
import { ADA, BOB, basic, type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { fileScope } from '../lab/scope.ts';
import { readTold, type Told } from '../support/gateways/decisions.ts';
import { rawExchange } from '../support/http/raw.ts';

/**
 * The subrequests of proxies that are not run here, byte for byte as their sources send them, for `POST /api/v1/orders/7?x=1` with a
 * body of 11 bytes from 203.0.113.7.
 */
type Subrequest = (authorization: string) => readonly string[];

/** Traefik `pkg/middlewares/auth/forward.go` (fd5a576), with `trustForwardHeader: false`; Go sorts the fields by name. */
const traefik =
  (door: string): Subrequest =>
  (authorization) => [
    `GET ${door} HTTP/1.1`,
    'Host: 127.0.0.1:8082',
    'User-Agent: curl/7.88.1',
    'Accept: */*',
    `Authorization: ${authorization}`,
    'Content-Type: text/plain',
    'X-Forwarded-For: 203.0.113.7',
    'X-Forwarded-Host: api.example.com',
    'X-Forwarded-Method: POST',
    'X-Forwarded-Port: 80',
    'X-Forwarded-Proto: http',
    'X-Forwarded-Uri: /api/v1/orders/7?x=1',
    'Accept-Encoding: gzip',
  ];

/** Envoy `ext_authz_http_impl.cc` and `async_client_impl.cc`, which appends the address of Envoy itself to `x-forwarded-for`. */
const envoy: Subrequest = (authorization) => [
  'POST /ext-authz/api/v1/orders/7?x=1 HTTP/1.1',
  'host: api.example.com',
  'content-length: 0',
  `authorization: ${authorization}`,
  'x-forwarded-for: 203.0.113.7,10.0.0.5',
  'x-forwarded-proto: http',
  'x-request-id: 0b5b2a7e-0a9c-4b0e-9d3c-0d5e8f6b7a11',
  'x-envoy-internal: true',
  'x-envoy-expected-rq-timeout-ms: 30000',
];

/** The Gateway API's ExternalAuth over HTTP (`apis/v1/httproute_types.go`, 4564255): method, path, Host, Content-Length, Authorization. */
const gatewayApi: Subrequest = (authorization) => [
  'POST /ext-authz/api/v1/orders/7?x=1 HTTP/1.1',
  'Host: api.example.com',
  `Authorization: ${authorization}`,
  'Content-Length: 0',
  'X-Forwarded-For: 203.0.113.7',
];

const SUBREQUESTS: Readonly<Record<string, Subrequest>> = {
  'Traefik by name': traefik('/forward-auth/@orders'),
  'Traefik by path': traefik('/forward-auth'),
  Envoy: envoy,
  'the Gateway API': gatewayApi,
};

const scope = fileScope();
let gateway: TestGateway;

test.before(async () => {
  gateway = await testGateway(scope, {
    decisions: { port: 0 },
    trustedProxies: ['10.0.0.5'],
    routes: [{ name: 'orders', path: '/api/v1/orders', methods: ['POST'] }],
  });
});

async function told(lines: readonly string[]): Promise<Told> {
  const port = Number(new URL(gateway.decisionsUrl).port);
  return readTold(await rawExchange(port, `${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`));
}

async function refused(t: ExecutionContext, lines: readonly string[], status: number, error: string): Promise<Told> {
  const no = await told(lines);
  t.is(no.status, status);
  t.is((JSON.parse(no.body) as { error: string }).error, error);
  return no;
}

for (const [proxy, subrequest] of Object.entries(SUBREQUESTS)) {
  test(`${proxy} gets a yes of 200 with the identity, and refusals as the public listener gives them`, async (t) => {
    const yes = await told(subrequest(basic(ADA)));
    t.is(yes.status, 200);
    t.deepEqual(yes.of('X-User-Id'), ['1']);
    t.deepEqual(yes.of('x-envoy-auth-headers-to-remove'), proxy.startsWith('Traefik') ? [] : ['authorization']);
    const no = await refused(t, subrequest('Bearer none'), 401, 'unauthorized');
    t.is(no.of('WWW-Authenticate').length, 2);
    await refused(t, subrequest(basic(BOB)), 403, 'forbidden');
    t.true(gateway.log.some(({ decision, client }) => decision === 'orders' && client === '203.0.113.7'));
    t.false(gateway.log.some(({ client }) => client === '10.0.0.5'));
  });
}
