import { holds } from '../../../lab/waiting/condition.ts';
import type { Asked } from '../ask.ts';
import { PAGE_ORIGIN, PASSWORD } from '../lab.ts';
import type { ProxyCases } from './context.ts';

const FIELDS = ['allow-origin', 'allow-methods', 'allow-headers', 'max-age'].map((name) => `access-control-${name}`);

/** That a browser asks in vain only where no route has `cors`, and that nobody passes as a preflight. */
export function preflightCases({ lab, passed, refusedAlike, through }: ProxyCases): void {
  through('a preflight of a route with cors is answered by the public listener', async (t) => {
    const { length } = lab().service.received;
    for (const [target, method] of [
      ['/api/v1/paged/7', 'PUT'],
      ['/api/v1/paged/7?x=1', 'GET'],
      ['/api/v1/paged/Seven', 'GET'],
      // No route takes it, so that the page may read the 405.
      ['/api/v1/paged/7', 'DELETE'],
      ['/api/v1/shared/7', 'GET'],
      ['/api/v1/elsewhere/7', 'POST'],
    ] as const) {
      for (const origin of [PAGE_ORIGIN, 'https://evil.example']) {
        const asked = preflight(target, method, origin);
        const [via, direct] = [await lab().viaProxy(asked), await lab().directly(asked)];
        const what = `${method} ${target} of ${origin}`;
        t.is(via.status, 204, what);
        t.deepEqual(via.values('access-control-allow-origin'), origin === PAGE_ORIGIN ? [origin] : [], what);
        for (const field of [...FIELDS, 'vary'])
          t.deepEqual(via.values(field), direct.values(field), `${what} ${field}`);
      }
    }
    t.is(lab().service.received.length, length);
  });

  through('what is no preflight of a route with cors is decided on', async (t) => {
    const { length } = lab().gateway.log;
    await refusedAlike(t, preflight('/api/v1/things/7', 'GET', PAGE_ORIGIN), 401);
    await refusedAlike(t, preflight('/api/v1/shared/7', 'POST', PAGE_ORIGIN), 401);
    const target = '/api/v1/paged/7';
    const { lines } = preflight(target, 'GET', PAGE_ORIGIN);
    await refusedAlike(t, { target, lines }, 401);
    await refusedAlike(t, { method: 'PUT', target, lines }, 401);
    await refusedAlike(t, { method: 'OPTIONS', target, lines: [`Origin: ${PAGE_ORIGIN}`] }, 401);
    await refusedAlike(t, { method: 'OPTIONS', target, lines: ['Access-Control-Request-Method: GET'] }, 401);
    await passed(t, { target, lines, authorization: PASSWORD });
    // The public listener would have answered alike.
    const decisions = () =>
      lab()
        .gateway.log.slice(length)
        .filter(({ decision }) => decision !== undefined);
    await holds('there were seven decisions', () => decisions().length === 7);
  });
}

function preflight(target: string, method: string, origin: string): Asked & { readonly lines: readonly string[] } {
  const lines = [
    `Origin: ${origin}`,
    `Access-Control-Request-Method: ${method}`,
    'Access-Control-Request-Headers: authorization',
  ];
  return { method: 'OPTIONS', target, lines };
}
