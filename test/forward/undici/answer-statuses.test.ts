import test, { type ExecutionContext } from 'ava';
import { testGateway } from '../../lab/gateways/gateway.ts';
import { tcpUpstream } from '../../lab/upstreams/upstream.ts';
import {
  listenOver,
  overAll,
  parts,
  requestText,
  routeOver,
  type Transport,
} from '../../support/gateways/forwarding.ts';
import { rawExchange, statusOf } from '../../support/http/raw.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

async function answered(t: ExecutionContext, over: Transport, status: string) {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', () => socket.write(`HTTP/1.1 ${status} Odd\r\nContent-Length: 6\r\n\r\nsecret`));
  });
  const routes = [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none', ...routeOver(over) }];
  const gateway = await testGateway(t, { listen: listenOver(over), routes });
  const answer = await rawExchange(gateway.port, requestText('GET /s', ['Connection: close']));
  return { answer, line: await gateway.logged(({ route }) => route === 's') };
}

for (const status of ['600', '999', '099', '000', '99', '1000', '2x0', '-20']) {
  overAll(`an answer with ${status} in place of a status is a 502 that blames the upstream`, async (t, over) => {
    const { answer, line } = await answered(t, over, status);
    t.is(statusOf(answer), 502);
    t.is(JSON.parse(parts(answer).body).error, 'bad_gateway');
    t.notRegex(answer, /secret/);
    t.is(line.fault, 'upstream');
  });
}

for (const status of ['200', '299', '418', '599']) {
  overAll(`an answer with the status ${status} passes`, async (t, over) => {
    const { answer } = await answered(t, over, status);
    t.is(parts(answer).lines[0], `HTTP/1.1 ${status} Odd`);
    t.is(parts(answer).body, 'secret');
  });
}
