import type { ServerResponse } from 'node:http';
import type { ExecutionContext } from 'ava';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';
import { type RawClient, rawClient } from '../http/raw.ts';
import { requestText } from './forwarding.ts';

/** An upstream that answers when it is told to; requests for `/s/now`, at once. */
export async function askedUpstream(t: ExecutionContext) {
  const answers: ServerResponse[] = [];
  const upstream = await httpUpstream(t, (req, res) => {
    req.resume();
    if (req.url === '/s/now') res.end('now');
    else answers.push(res);
  });
  return { upstream, answers };
}

/** A connection on which `/s/now` has been answered, and what comes on it after that. */
export async function usedClient(port: number): Promise<RawClient & { rest(): Promise<string> }> {
  const client = await rawClient(port);
  client.send(requestText('GET /s/now'));
  await client.until(/now$/);
  const before = client.received().length;
  return { ...client, rest: async () => (await client.ended()).slice(before) };
}
