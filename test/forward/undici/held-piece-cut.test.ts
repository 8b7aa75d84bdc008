import type { Socket } from 'node:net';
import test from 'ava';
import { parts, requestText } from '../../support/gateways/forwarding.ts';
import { answeredClient } from '../../support/http/one-packet.ts';
import { strayErrors } from '../../support/processes/stray-errors.ts';

const stray = strayErrors();
test.after.always((t) => t.deepEqual(stray, []));

test('an answer that its connection delimits is whole when that ends with it', async (t) => {
  const { client } = await answeredClient(t, 'HTTP/1.1 200 OK\r\n\r\nwhole', (socket) => socket.end());
  client.send(requestText('GET /s', ['Connection: close']));
  t.is(parts(await client.ended()).body, '5\r\nwhole\r\n0\r\n\r\n');
  t.is(await client.ending(), 'end');
});

const ENDINGS: Record<string, (socket: Socket) => void> = {
  ends: (socket) => socket.end(),
  resets: (socket) => socket.resetAndDestroy(),
};

for (const [how, end] of Object.entries(ENDINGS)) {
  test(`an upstream that ${how} its connection behind the first piece of a length looks truncated`, async (t) => {
    const { client } = await answeredClient(t, 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npiece', end);
    client.send(requestText('GET /s'));
    const received = await client.ended();
    t.true(['', 'piece'].includes(bodyOf(received)), received);
    t.false(/^HTTP\/1\.1 [^2]/.test(received), received);
  });

  test(`an upstream that ${how} its connection behind the first chunk looks truncated`, async (t) => {
    const answer = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\npiece\r\n';
    const { client } = await answeredClient(t, answer, end);
    client.send(requestText('GET /s'));
    const received = await client.ended();
    t.true(['', '5\r\npiece\r\n'].includes(bodyOf(received)), received);
  });
}

test('an upstream that resets an answer which its connection delimits looks truncated', async (t) => {
  const { client } = await answeredClient(t, 'HTTP/1.1 200 OK\r\n\r\npiece', (socket) => socket.resetAndDestroy());
  client.send(requestText('GET /s'));
  const received = await client.ended();
  t.true(['', '5\r\npiece\r\n'].includes(bodyOf(received)), received);
});

test('what has arrived of an answer that is cut later is passed on before', async (t) => {
  let cut = () => {};
  const { client } = await answeredClient(t, 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npiece', (socket) => {
    cut = () => socket.destroy();
  });
  client.send(requestText('GET /s'));
  t.is(parts(await client.until(/piece$/)).body, 'piece');
  cut();
  t.is(parts(await client.ended()).body, 'piece');
});

/** The body of what may be less than a whole head. */
function bodyOf(received: string): string {
  return received.includes('\r\n\r\n') ? parts(received).body : '';
}
