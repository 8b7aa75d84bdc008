import dns from 'node:dns';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { holds } from '../../lab/waiting/condition.ts';
import { overAll, requestText } from '../../support/gateways/forwarding.ts';
import { groupGateway } from '../../support/gateways/group.ts';
import { rawClient, rawExchange, statusOf } from '../../support/http/raw.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

/** Where each name leads, as the resolver of the system would say; null: it never does. */
const zone = new Map<string, readonly string[] | null>();

type Found = (error: Error | null, addresses: readonly dns.LookupAddress[]) => void;
const ofTheSystem = dns.lookup as (name: string, options: dns.LookupAllOptions, found: Found) => void;
// In this file's thread, where Node's sockets look up all addresses of a name.
Object.assign(dns, {
  lookup(name: string, options: dns.LookupAllOptions, found: Found) {
    const addresses = zone.get(name);
    if (addresses === undefined) ofTheSystem(name, options, found);
    else if (addresses?.length === 0) setImmediate(found, Object.assign(new Error(name), { code: 'ENOTFOUND' }), []);
    else if (addresses !== null)
      setImmediate(
        found,
        null,
        addresses.map((address) => ({ address, family: 4 })),
      );
  },
});

async function listen(t: ExecutionContext, server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

overAll('when the address of a name changes, requests follow it, and what is under way is not cut', async (t, over) => {
  const name = `${over}.test`;
  let stream: ServerResponse | undefined;
  const answering = (text: string) =>
    createServer((req, res) => {
      if (req.url === '/s?stream') stream = res.writeHead(200).write(text) ? res : undefined;
      else res.end(text);
    });
  const before = answering('before');
  const port = await listen(t, before, 0, '127.0.0.1');
  await listen(t, answering('after'), port, '127.0.0.2');
  zone.set(name, ['127.0.0.1']);
  const gateway = await groupGateway(t, { servers: [`http://${name}:${port}`], connectionAge: '200ms' }, { over });
  const ask = () => rawExchange(gateway.port, requestText('GET /s', ['Connection: close']));
  const streaming = await rawClient(gateway.port);
  streaming.send(requestText('GET /s?stream', ['Connection: close']));
  await streaming.until(/before/);
  t.regex(await ask(), /before/);

  zone.set(name, ['127.0.0.2']);
  await holds('requests go to the new address', async () => /after/.test(await ask()));
  // From then on each does: a connection to the old one would be older than it may get.
  for (let i = 0; i < 10; i++) t.regex(await ask(), /after/);
  stream?.end(' and whole');
  t.regex(await streaming.ended(), /and whole\r\n0\r\n\r\n$/);
});

test('connections are kept and used again until they are too old', async (t) => {
  let connections = 0;
  const server = createServer((_req, res) => void res.end('ok'));
  server.on('connection', () => {
    connections += 1;
  });
  const port = await listen(t, server, 0, '127.0.0.1');
  const gateway = await groupGateway(t, { servers: [`http://127.0.0.1:${port}`], connectionAge: '1h' });
  const ask = () => rawExchange(gateway.port, requestText('GET /s', ['Connection: close']));
  for (let i = 0; i < 20; i++) await ask();
  t.is(connections, 1);
});

test('of the addresses of a name, one that cannot be connected to is passed over', async (t) => {
  const port = await listen(
    t,
    createServer((_req, res) => void res.end('ok')),
    0,
    '127.0.0.2',
  );
  zone.set('two.test', ['127.0.0.3', '127.0.0.2']);
  const gateway = await groupGateway(t, { servers: [`http://two.test:${port}`] });
  t.regex(await rawExchange(gateway.port, requestText('POST /s', ['Connection: close'])), /200 OK/);
});

for (const [what, addresses, status, detail] of [
  ['a name that leads nowhere is a 502', [], 502, /ENOTFOUND\)$/],
  ['a resolver that never answers is a 504 after `timeouts.connect`', null, 504, /UND_ERR_CONNECT_TIMEOUT\)$/],
] as const) {
  overAll(`${what}, unless there is another server`, async (t, over) => {
    const port = await listen(
      t,
      createServer((_req, res) => void res.end('ok')),
      0,
      '127.0.0.1',
    );
    const name = `nowhere${status}.test`;
    zone.set(name, addresses);
    const places = { over, timeouts: { connect: '2s' } };
    const post = requestText('POST /s', ['Connection: close']);
    const alone = await groupGateway(t, { servers: [`http://${name}:9`] }, places);
    t.is(statusOf(await rawExchange(alone.port, post)), status);
    t.regex(String((await alone.logged(({ route }) => route === 's')).detail), detail);
    const group = await groupGateway(t, { servers: [`http://${name}:9`, `http://127.0.0.1:${port}`] }, places);
    t.is(statusOf(await rawExchange(group.port, post)), 200);
  });
}
