import type { ExecutionContext } from 'ava';
import { type TestGateway, testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream, type TestUpstream } from '../lab/upstreams/upstream.ts';
import { message } from './message.ts';

export async function place(t: ExecutionContext): Promise<{ gateway: TestGateway; upstream: TestUpstream }> {
  const upstream = await httpUpstream(t);
  const gateway = await testGateway(t, {
    routes: [
      { name: 'o', path: '/api/v1/o', upstream: upstream.url },
      { name: 'open', path: '/open', upstream: upstream.url, auth: 'none' },
      { name: 'traced', path: '/traced', upstream: upstream.url, auth: 'none', methods: ['GET', 'TRACE'] },
      { name: 'read', path: '/read', upstream: upstream.url, auth: 'none', methods: ['GET'] },
    ],
  });
  return { gateway, upstream };
}

export function withLine(line: string, ...more: string[]): string {
  return message([line, 'Host: a', ...more, 'Connection: close']);
}
