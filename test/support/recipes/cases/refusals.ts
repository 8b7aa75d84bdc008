import { ADA, BOB, basic } from '../../../lab/gateways/gateway.ts';
import { CLIENT } from '../ask.ts';
import { PASSWORD } from '../lab.ts';
import type { ProxyCases } from './context.ts';

const WRONG = basic({ email: ADA.email, password: 'wrong' });
const UNCONFIRMED = basic(BOB);

/** What a client is told that may not pass. */
export function refusalCases({ lab, refusedAlike, through }: ProxyCases): void {
  through('a refusal is the answer of the public listener', async (t) => {
    for (const authorization of [undefined, WRONG, 'Bearer none', 'Digest x', 'Basic !']) {
      const given = authorization === undefined ? {} : { authorization };
      await refusedAlike(t, { target: '/api/v1/orders/7', ...given }, 401);
      await refusedAlike(t, { target: '/api/v1/nothing', ...given }, 401);
    }
    await refusedAlike(t, { target: '/api/v1/orders/7', authorization: UNCONFIRMED }, 403);
    await refusedAlike(t, { target: '/api/v1/nothing', authorization: PASSWORD }, 404);
    await refusedAlike(t, { method: 'DELETE', target: '/api/v1/orders/7', authorization: PASSWORD }, 405);
    await refusedAlike(t, { method: 'PROPFIND', target: '/api/v1/orders/7', authorization: PASSWORD }, 405);
    await refusedAlike(t, { method: 'NONE', target: '/api/v1/orders/7', authorization: PASSWORD }, 501);
    await refusedAlike(t, { method: 'DELETE', target: '/api/v1/orders/7' }, 401);
    await refusedAlike(t, { target: '/api/v1/things/%2e%2e/orders', authorization: PASSWORD }, 400);
    const secondCredential = {
      target: '/api/v1/things/7',
      authorization: PASSWORD,
      lines: [`Authorization: ${WRONG}`],
    };
    t.is((await lab().viaProxy(secondCredential)).status, 400);
  });

  through('too many wrong passwords are 429 with Retry-After', async (t) => {
    const asked = {
      target: '/api/v1/things/7',
      authorization: basic({ email: 'eve@example.com', password: 'x' }),
      from: '127.0.0.3',
    };
    let answer = await lab().viaProxy(asked);
    for (let tries = 0; answer.status === 401 && tries < 50; tries++) answer = await lab().viaProxy(asked);
    t.is(answer.status, 429);
    const direct = await lab().directly(asked);
    t.is(answer.body, direct.body);
    t.regex(answer.values('retry-after').join(), /^\d+$/);
    t.is((await lab().viaProxy({ ...asked, from: CLIENT })).status, 401, 'another client is not locked out');
  });
}
