import test from 'ava';
import { testGateway } from '../../lab/gateways/gateway.ts';
import { type Framework, website } from '../../support/upstreams/website.ts';

/** What a browser does: it follows redirects one by one, and sends a cookie where its path covers the request's. */
async function visited(first: string): Promise<{ way: string[]; text: string; cookiePath: string | undefined }> {
  const way: string[] = [];
  let cookiePath: string | undefined;
  for (let url = new URL(first); ; ) {
    way.push(url.pathname);
    const isCovered = cookiePath !== undefined && url.pathname.startsWith(`${cookiePath}/`);
    const answer = await fetch(url, { redirect: 'manual', headers: isCovered ? { Cookie: 'seen=yes' } : {} });
    const cookie = answer.headers.get('set-cookie');
    cookiePath = /path=([^;]+)/i.exec(cookie ?? '')?.[1] ?? cookiePath;
    const location = answer.headers.get('location');
    if (location === null) return { way, text: await answer.text(), cookiePath };
    url = new URL(location, url);
  }
}

for (const framework of ['Django', 'Flask', 'PHP'] as const satisfies Framework[]) {
  for (const [title, prefix] of [
    ['knows of its prefix', '/shop'],
    ['knows of no prefix', ''],
  ] as const) {
    test(`a website made with ${framework} that ${title} is left by none of its redirects, and gets its cookies`, async (t) => {
      // Where it is not installed, apt-get does that first.
      t.timeout(900_000);
      const upstream = await website(t, framework, prefix);
      for (const preserveHost of [false, true]) {
        const routes = [{ name: 's', path: '/shop', stripPrefix: '/shop', upstream, auth: 'none', preserveHost }];
        const { url } = await testGateway(t, { routes });

        const first = await visited(`${url}/shop/`);
        t.deepEqual(first.way, ['/shop/', '/shop/orders/7']);
        t.is(first.text, `cookies: None link: ${prefix}/orders/8`);
        t.is(first.cookiePath, '/shop/orders');
        t.deepEqual((await visited(`${url}/shop/list`)).way, ['/shop/list', '/shop/list/']);
        t.deepEqual(
          await (await fetch(`${url}/shop/orders/7`, { headers: { Cookie: 'seen=yes' } })).text(),
          `cookies: yes link: ${prefix}/orders/8`,
        );
      }
    });
  }
}
