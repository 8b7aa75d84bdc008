import { ADA, basic } from '../../../lab/gateways/gateway.ts';
import { PASSWORD } from '../lab.ts';
import type { ProxyCases } from './context.ts';

/** What happens without the database or the gateway. The gateway is gone afterwards: these cases are the last. */
export function outageCases({ lab, passed, refusedAlike, through }: ProxyCases): void {
  through('with the database out it is 503, and nothing passes', async (t) => {
    const { database } = lab().gateway;
    await database.query(database.sql.raw('alter table gatehouse_accounts rename to gone'));
    await refusedAlike(t, { target: '/api/v1/things/other', authorization: basic({ ...ADA, password: 'new' }) }, 503);
    await database.query(database.sql.raw('alter table gone rename to gatehouse_accounts'));
    await passed(t, { target: '/api/v1/things/7', authorization: PASSWORD });
  });

  through('without the gateway it is 503, and nothing passes', async (t) => {
    await lab().endGateway();
    const before = lab().service.received.length;
    for (const target of ['/api/v1/things/other', '/about', '/about/Odd']) {
      const answer = await lab().viaProxy({ target, authorization: basic({ ...ADA, password: 'again' }) });
      t.is(answer.status, 503, target);
      t.deepEqual(JSON.parse(answer.body), { error: 'service_unavailable', message: 'Temporarily unavailable' });
      t.deepEqual(answer.values('retry-after'), ['1']);
    }
    t.is(lab().service.received.length, before);
  });
}
