import { testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { listenOver, overAll, requestText, routeOver, valuesOf } from '../../support/gateways/forwarding.ts';
import { rawExchange } from '../../support/http/raw.ts';

const FORGED = [
  'gatehouse_session=x; Path=/',
  'gatehouse_session.sig=x',
  'gatehouse_form=x',
  'gatehouse_form.sig=x; HttpOnly',
  '__Host-gatehouse_session=x; Secure; Path=/',
  '__Secure-gatehouse_session=x; Secure',
  '__host-gatehouse_form=x; Secure; Path=/',
  'GATEHOUSE_SESSION=x',
  ' \tgatehouse_session =x',
  'gatehouse_session=; Max-Age=0',
  'gatehouse_session',
  '=gatehouse_session=x',
  '= gatehouse_session=x',
];

const THEIRS = [
  'a=1',
  'b=gatehouse_session; Path=/',
  'my_gatehouse_session=1',
  'gatehouse_sessions=1',
  'c=1; Path=/gatehouse_session',
];

overAll('an upstream sets any cookie but those of the gateway itself', async (t, over) => {
  const upstream = await httpUpstream(t, (_req, res) => {
    res
      .setHeader(
        'Set-Cookie',
        FORGED.flatMap((forged, i) => [forged, THEIRS[i] ?? `n${i}=1`]),
      )
      .end();
  });
  const routes = [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none', ...routeOver(over) }];
  const gateway = await testGateway(t, { listen: listenOver(over), routes });
  const answer = await rawExchange(gateway.port, requestText('GET /s', ['Connection: close']));
  t.deepEqual(
    valuesOf(answer, 'set-cookie'),
    FORGED.map((_, i) => THEIRS[i] ?? `n${i}=1`),
  );
});
