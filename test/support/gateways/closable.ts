import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { pino } from 'pino';
import { stringify } from 'yaml';
import { showConfiguration } from '../../../gateway/cli/shown-configuration.ts';
import { startGateway } from '../../../gateway/compose/service.ts';
import { checkSettings } from '../../../gateway/settings/read/check.ts';

/** A gateway with one open route, `/s`, that the test closes itself. @param more settings as in the configuration file */
export async function closable(t: ExecutionContext, upstream: { url: string }, more: Record<string, unknown> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const checked = checkSettings(
    stringify({
      listen: { port: 0 },
      ops: { port: 0 },
      database: { url: `sqlite:${join(folder, 'gateway.sqlite')}` },
      routes: [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none' }],
      ...more,
    }),
    'test.yaml',
    {},
  );
  if (checked.kind === 'invalid') throw new Error(JSON.stringify(checked.problems));
  const gateway = await startGateway(
    checked.settings,
    pino({ level: 'silent' }),
    showConfiguration('test.yaml', checked.settings),
  );
  return { ...gateway, port: Number(new URL(gateway.url).port) };
}
