import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import test from 'ava';
import { UnhurriedAgent } from '../../gateway/workarounds/node-unasked-answers.ts';
import { tcpUpstream } from '../lab/upstreams/upstream.ts';

function answer(text: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
}

test('Node takes an answer that was there before a request for the answer to it, and UnhurriedAgent does not', async (t) => {
  const sockets: Socket[] = [];
  const upstream = await tcpUpstream(t, (socket) => {
    sockets.push(socket);
    socket.on('data', () => socket.write(answer('own')));
  });
  const get = async (agent: http.Agent) => {
    const [res] = (await once(http.get(upstream.url, { agent }), 'response')) as [IncomingMessage];
    return (await res.toArray()).join('');
  };
  const second = async (agent: http.Agent) => {
    t.is(await get(agent), 'own');
    // Written in the turn in which the request takes the connection: the bytes wait to be read, and nobody has asked for them.
    await new Promise(setImmediate);
    sockets.at(-1)?.write(answer('stray'));
    return get(agent).finally(() => agent.destroy());
  };
  t.is(await second(new http.Agent({ keepAlive: true })), 'stray');
  t.is(await second(new UnhurriedAgent({ keepAlive: true })), 'own');
});
