import { stringify } from 'yaml';
import { ADA, basic, type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { freePort } from '../../lab/processes/free-port.ts';
import type { Scope } from '../../lab/scope.ts';
import type { ProxyName } from '../services/packaged.ts';
import { type Answer, type Asked, ask, CLIENT } from './ask.ts';
import { startProxy } from './proxies.ts';
import { echoingService, type Service } from './service.ts';

/** A proxy before services, which asks a gateway. */
export interface ProxiedLab {
  /** Of the proxy. */
  readonly port: number;
  readonly gateway: TestGateway;
  readonly service: Service;
  /** A token of Ada's, as the value of `Authorization`. */
  readonly token: string;
  /** Asks the proxy. */
  viaProxy(asked: Asked): Promise<Answer>;
  /** Asks the public listener of the gateway itself, in the name of the same client. */
  directly(asked: Asked): Promise<Answer>;
  /** Ends the gateway, its decisions too, before the test file ends. */
  endGateway(): Promise<void>;
}

/** @param cache the value of `decisions.cache` */
export async function proxiedLab(t: Scope, proxy: ProxyName, cache: string): Promise<ProxiedLab> {
  const service = await echoingService(t);
  const [port, decisions] = [await freePort(), await freePort()];
  const cors = { origins: [PAGE_ORIGIN] };
  const settings = {
    listen: { port },
    decisions: { port: decisions, cache },
    trustedProxies: ['127.0.0.1'],
    upstreams: { pair: { servers: [`${service.url}/pair`, { url: `${service.url}/pair`, weight: 2 }] } },
    routes: [
      { name: 'orders', path: '/api/v1/orders', methods: ['GET'], upstream: service.url, stripPrefix: '/api/v1' },
      { name: 'orders.write', path: '/api/v1/orders', methods: ['POST', 'PUT'], upstream: `${service.url}/written` },
      { name: 'things', path: '/api/v1/things', upstream: service.url },
      { name: 'deep', path: '/api/v1/things/deep', upstream: 'pair' },
      { name: 'passing', path: '/api/v1/passing', upstream: service.url, passAuthorization: true },
      { name: 'keys', path: '/api/v1/keys', upstream: service.url, credentials: ['api-key'] },
      { name: 'encoded', path: '/api/v1/encoded', upstream: service.url, allowEncodedSlashes: true },
      { name: 'bare', path: '/api/v1/bare', upstream: service.url, stripPrefix: '/api/v1/bare' },
      { name: 'elsewhere', path: '/api/v1/elsewhere', cors },
      { name: 'paged', path: '/api/v1/paged', methods: ['GET', 'PUT'], upstream: service.url, cors },
      { name: 'shared', path: '/api/v1/shared', methods: ['GET'], upstream: service.url, cors },
      { name: 'shared.write', path: '/api/v1/shared', methods: ['POST'], upstream: service.url },
      { name: 'talk', path: '/api/v1/talk', upstream: service.url, websocketToken: true, cors },
      { name: 'shop', host: 'shop.example.com', path: '/', upstream: `${service.url}/shop`, auth: 'none' },
      { name: 'shop.things', host: 'shop.example.com', path: '/api/v1/things', upstream: `${service.url}/shop` },
      {
        name: 'tenants',
        host: '*.example.org',
        path: '/api/v1/things',
        upstream: `${service.url}/tenants`,
        preserveHost: true,
      },
      { name: 'website', path: '/', upstream: `${service.url}/website`, auth: 'none' },
    ],
  };
  const steps: (() => unknown)[] = [];
  const endGateway = async () => {
    for (const undo of steps.splice(0).reverse()) await undo();
  };
  t.teardown(endGateway);
  const gateway = await testGateway({ teardown: (undo) => void steps.push(undo) }, settings);
  const proxyPort = await startProxy(t, proxy, stringify(settings));
  const token = `Bearer ${await gateway.token()}`;
  return {
    ...{ port: proxyPort, gateway, service, token, endGateway },
    viaProxy: (asked) => ask(proxyPort, asked),
    directly: ({ from = CLIENT, lines = [], ...asked }) =>
      ask(port, { ...asked, from: '127.0.0.1', lines: [...lines, `X-Forwarded-For: ${from}`] }),
  };
}

export const PASSWORD = basic(ADA);
/** Of pages that may call the routes with `cors`. */
export const PAGE_ORIGIN = 'https://app.example.com';
