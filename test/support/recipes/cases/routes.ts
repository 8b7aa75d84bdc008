import { ADA, basic } from '../../../lab/gateways/gateway.ts';
import { PASSWORD } from '../lab.ts';
import { type Received, valuesIn } from '../service.ts';
import type { ProxyCases } from './context.ts';

const WRONG = basic({ email: ADA.email, password: 'wrong' });

/** Which service a request goes to. */
export function routeCases({ lab, passed, proxy, refusedAlike, through }: ProxyCases): void {
  through('the longest path and the method choose the route', async (t) => {
    const authorization = lab().token;
    const targetOf = async (method: string, target: string) =>
      (await passed(t, { method, target, authorization })).target;
    t.is(await targetOf('POST', '/api/v1/orders/7'), '/written/api/v1/orders/7');
    t.is(await targetOf('GET', '/api/v1/orders'), '/orders');
    t.is(await targetOf('PUT', '/api/v1/things/7'), '/api/v1/things/7');
    t.is(await targetOf('GET', '/api/v1/things/deeper'), '/api/v1/things/deeper');
    t.is(await targetOf('DELETE', '/api/v1/things/deep/7'), '/pair/api/v1/things/deep/7');
    t.is(await targetOf('GET', '/about'), '/website/about');
    t.is((await lab().viaProxy({ method: 'HEAD', target: '/api/v1/orders/7', authorization })).status, 200);
  });

  through('the host chooses the route before the path does', async (t) => {
    const targetOf = async (host: string, target: string) =>
      (await passed(t, { host, target, authorization: lab().token })).target;
    t.is(await targetOf('shop.example.com', '/about'), '/shop/about');
    t.is(await targetOf('SHOP.example.com:8443', '/about'), '/shop/about');
    t.is(await targetOf('shop.example.com.', '/about'), '/shop/about');
    t.is(await targetOf('a.example.org.', '/api/v1/things/7'), '/tenants/api/v1/things/7');
    t.is(await targetOf('shop.example.com', '/api/v1/things/7'), '/shop/api/v1/things/7');
    t.is(await targetOf('shop.example.com', '/api/v1/things/Odd'), '/shop/api/v1/things/Odd');
    t.is(await targetOf('shop.example.com', '/api/v1/orders/7'), '/orders/7');
    t.is(await targetOf('a.b.example.org', '/api/v1/things/7'), '/tenants/api/v1/things/7');
    t.is(await targetOf('a.example.org', '/api/v1/things/Odd'), '/tenants/api/v1/things/Odd');
    t.deepEqual(valuesIn(lab().service.received.at(-1) as Received, 'host'), ['a.example.org']);
    t.is(await targetOf('example.org', '/api/v1/things/7'), '/api/v1/things/7');
    t.is(await targetOf('a.example.org', '/about'), '/website/about');
    await refusedAlike(t, { host: 'shop.example.com', target: '/api/v1/things/7' }, 401);
    await refusedAlike(t, { host: 'shop.example.com', target: '/api/v1/nothing', authorization: PASSWORD }, 404);
  });

  through('the token endpoints and the pages are those of the gateway', async (t) => {
    const issued = await lab().viaProxy({ method: 'POST', target: '/api/v1/tokens/', authorization: PASSWORD });
    t.is(issued.status, 200);
    const { token } = JSON.parse(issued.body) as { token: string };
    const authorization = `Bearer ${token}`;
    await passed(t, { target: '/api/v1/things/7', authorization });
    t.is((await lab().viaProxy({ method: 'DELETE', target: '/api/v1/tokens/current', authorization })).status, 204);
    await refusedAlike(t, { method: 'GET', target: '/api/v1/tokens/', authorization: WRONG }, 401);
    const page = await lab().viaProxy({ target: '/account/login', lines: ['Accept: text/html'] });
    t.is(page.status, 200);
    t.regex(page.body, /<form/);
  });

  through('a route without upstream is decided and goes to the placeholder', async (t) => {
    const answer = await lab().viaProxy({ target: '/api/v1/elsewhere/7', authorization: PASSWORD });
    t.is(answer.status, proxy === 'haproxy' ? 503 : 502);
    t.is((await lab().viaProxy({ target: '/api/v1/elsewhere/7' })).status, 401);
  });
}
