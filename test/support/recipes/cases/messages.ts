import { once } from 'node:events';
import { WebSocket } from 'ws';
import { PAGE_ORIGIN, PASSWORD } from '../lab.ts';
import { filledIn, identityIn, type Received, valuesIn } from '../service.ts';
import type { ProxyCases } from './context.ts';

/** What is in a request besides its target: bodies, conditions, upgrades. */
export function messageCases({ lab, passed, refusedAlike, through }: ProxyCases): void {
  through('a body arrives whole, of 50 MB too, and one that is refused is not waited for', async (t) => {
    const seen = await passed(t, { method: 'POST', target: '/api/v1/orders', authorization: PASSWORD, body: 'hello' });
    t.is(seen.bytes, 5);
    const body = Buffer.alloc(50 * 1024 * 1024);
    const upload = await passed(t, { method: 'POST', target: '/api/v1/orders', authorization: PASSWORD, body });
    t.is(upload.bytes, body.length);
    const announced = {
      method: 'POST',
      target: '/api/v1/orders',
      lines: ['Content-Length: 1000000', 'Expect: 100-continue'],
    };
    t.is((await lab().viaProxy(announced)).status, 401);
  });

  through('fields about a cached or a partial answer do not disturb the decision', async (t) => {
    const lines = [
      'If-None-Match: *',
      'If-Modified-Since: Thu, 01 Jan 2032 00:00:00 GMT',
      'Range: bytes=0-1',
      'If-Match: "x"',
    ];
    const seen = await passed(t, { target: '/api/v1/things/7', authorization: PASSWORD, lines });
    t.deepEqual(valuesIn(seen, 'range'), ['bytes=0-1']);
    await refusedAlike(t, { target: '/api/v1/things/7', lines }, 401);
  });

  through('a WebSocket is opened for an account and for nobody else', async (t) => {
    const socket = new WebSocket(`ws://127.0.0.1:${lab().port}/api/v1/things/socket`, {
      headers: { Authorization: PASSWORD, 'X-User-Id': '2' },
    });
    t.teardown(() => socket.terminate());
    await once(socket, 'open');
    socket.send('hello');
    const [message] = (await once(socket, 'message')) as [Buffer];
    t.is(message.toString(), 'hello');
    t.deepEqual(identityIn(lab().service.received.at(-1) as Received), [['x-user-id', '1']]);

    const refused = new WebSocket(`ws://127.0.0.1:${lab().port}/api/v1/things/socket`);
    const [error] = (await once(refused, 'error')) as [Error];
    t.regex(error.message, /401/);
    const crossSite = new WebSocket(`ws://127.0.0.1:${lab().port}/api/v1/things/socket`, {
      headers: { Authorization: PASSWORD, Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
    });
    const [forbidden] = (await once(crossSite, 'error')) as [Error];
    t.regex(forbidden.message, /403/);
  });

  through('no other protocol is upgraded to, past the decisions', async (t) => {
    for (const upgrades of [['h2c'], ['h2c, websocket'], ['websocket, h2c'], ['h2c', 'websocket']]) {
      const lines = [...upgrades.map((value) => `Upgrade: ${value}`), 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'];
      const seen = await passed(t, { target: '/api/v1/things/7', authorization: PASSWORD, lines });
      t.deepEqual(filledIn(seen, 'upgrade'), [], upgrades.join(' and '));
    }
  });

  through('the token of a WebSocket is for the gateway alone', async (t) => {
    const token = `gatehouse.bearer.${lab().token.slice('Bearer '.length)}`;
    const cases: readonly (readonly [offered: string[], received: string])[] = [
      [['chat', token], 'chat'],
      [[token, 'chat'], 'chat'],
      [['chat', token, 'talk'], 'chat,talk'],
      [['chat', 'talk'], 'chat,talk'],
    ];
    for (const [offered, received] of cases) {
      const headers = offered.includes(token) ? {} : { Authorization: PASSWORD };
      const socket = new WebSocket(`ws://127.0.0.1:${lab().port}/api/v1/talk`, offered, {
        headers,
        origin: PAGE_ORIGIN,
      });
      t.teardown(() => socket.terminate());
      await once(socket, 'open');
      t.is(socket.protocol, 'chat');
      const seen = lab().service.received.at(-1) as Received;
      t.deepEqual(
        filledIn(seen, 'sec-websocket-protocol').map((list) => list.replaceAll(' ', '')),
        [received],
      );
      t.deepEqual(identityIn(seen), [['x-user-id', '1']]);
    }
  });
}
