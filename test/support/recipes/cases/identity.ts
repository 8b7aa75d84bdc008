import { CLIENT } from '../ask.ts';
import { FORGED_IDENTITIES, FORGED_REQUESTS } from '../forgeries.ts';
import { PASSWORD } from '../lab.ts';
import { filledIn, identityIn, valuesIn } from '../service.ts';
import type { ProxyCases } from './context.ts';

/** Who is let through, and what the service learns of them. */
export function identityCases({ lab, passed, refusedAlike, through }: ProxyCases): void {
  through('a right password and a token pass, with the identity and without the credential', async (t) => {
    for (const authorization of [PASSWORD, lab().token]) {
      const seen = await passed(t, { target: '/api/v1/orders/7?x=1', authorization });
      t.is(seen.target, '/orders/7?x=1');
      t.deepEqual(identityIn(seen), [['x-user-id', '1']]);
      t.deepEqual(valuesIn(seen, 'authorization'), []);
      t.deepEqual(valuesIn(seen, 'x-forwarded-for'), [CLIENT]);
      t.deepEqual(valuesIn(seen, 'host'), [new URL(lab().service.url).host]);
    }
    t.deepEqual(valuesIn(await passed(t, { target: '/api/v1/passing', authorization: PASSWORD }), 'authorization'), [
      PASSWORD,
    ]);
  });

  through('an API key is a credential on its route alone, and the service does not receive it', async (t) => {
    const key = `X-API-Key: ${lab().token.slice('Bearer '.length)}`;
    const seen = await passed(t, { target: '/api/v1/keys/7', lines: [key] });
    t.deepEqual(identityIn(seen), [['x-user-id', '1']]);
    t.deepEqual(
      valuesIn(seen, 'x-api-key').filter((value) => value !== ''),
      [],
    );
    await refusedAlike(t, { target: '/api/v1/keys/7' }, 401);
    await refusedAlike(t, { target: '/api/v1/keys/7', lines: ['X-API-Key: none'] }, 401);
    await refusedAlike(t, { target: '/api/v1/orders/7', lines: [key] }, 401);
  });

  through('whatever identity a client claims, the service reads the proven one or none (CVE-2026-30851)', async (t) => {
    for (const lines of FORGED_IDENTITIES) {
      const what = lines.join('; ');
      const guarded = await passed(t, { target: '/api/v1/things/7', authorization: PASSWORD, lines });
      t.deepEqual(identityIn(guarded), [['x-user-id', '1']], what);
      t.deepEqual(identityIn(await passed(t, { target: '/about', lines })), [], what);
      t.is((await lab().viaProxy({ target: '/api/v1/things/7', lines })).status, 401, what);
    }
  });

  through(
    'a client chooses neither the path nor the method nor the address that is judged (CVE-2026-40575)',
    async (t) => {
      for (const lines of FORGED_REQUESTS) {
        const what = lines.join('; ');
        t.is((await lab().viaProxy({ target: '/api/v1/things/7', lines })).status, 401, what);
        t.is((await lab().viaProxy({ target: '/api/v1/things/Seven', lines })).status, 401, what);
        const wrongMethod = { method: 'DELETE', target: '/api/v1/orders/7', authorization: PASSWORD, lines };
        t.is((await lab().viaProxy(wrongMethod)).status, 405, what);
        const seen = await passed(t, { target: '/api/v1/things/7', authorization: PASSWORD, lines });
        t.deepEqual(valuesIn(seen, 'x-forwarded-for'), [CLIENT], what);
      }
      t.true(lab().gateway.log.every(({ client }) => client !== '6.6.6.6'));
    },
  );

  through('a service reads neither another path nor another method than those that were judged', async (t) => {
    const lines = [
      ...METHOD_OVERRIDES.map((name) => `${name}: DELETE`),
      ...PATH_OVERRIDES.map((name) => `${name}: /admin`),
    ];
    const asked = { authorization: PASSWORD, lines };
    const fixed = await passed(t, { target: '/api/v1/orders/7', ...asked });
    const free = await passed(t, { target: '/api/v1/things/7', ...asked });
    for (const name of METHOD_OVERRIDES) {
      t.deepEqual(filledIn(fixed, name), [], name);
      t.deepEqual(filledIn(free, name), ['DELETE'], name);
    }
    for (const name of PATH_OVERRIDES) t.deepEqual([...filledIn(fixed, name), ...filledIn(free, name)], [], name);
  });
}

const METHOD_OVERRIDES = [
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-method',
  'method-override',
];
const PATH_OVERRIDES = ['x-original-url', 'x-original-uri', 'x-rewrite-url', 'x-request-uri'];
