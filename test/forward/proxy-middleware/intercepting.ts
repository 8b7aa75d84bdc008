import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { requestText } from '../../support/gateways/forwarding.ts';
import { rawExchange } from '../../support/http/raw.ts';

/** The file of a module with this text. */
export function moduleOf(t: ExecutionContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-intercept-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'intercept.mjs');
  writeFileSync(file, text);
  return file;
}

/** A gateway whose route `/s` has answers intercepted by a module with this text. */
export async function intercepting(
  t: ExecutionContext,
  text: string,
  upstream: { readonly url: string },
  proxy: object = {},
  idle = '2m',
): Promise<TestGateway> {
  const intercept = moduleOf(t, text);
  const routes = [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none', proxy: { ...proxy, intercept } }];
  return testGateway(t, { routes, timeouts: { idle } });
}

export function ask(gateway: TestGateway, line = 'GET /s'): Promise<string> {
  return rawExchange(gateway.port, requestText(line, ['Connection: close']));
}

export const UPPER = 'export default (body) => body.toString().toUpperCase();';
