import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { pino } from 'pino';
import { stringify } from 'yaml';
import { showConfiguration } from '../../../gateway/cli/shown-configuration.ts';
import { startGateway } from '../../../gateway/compose/service.ts';
import { OperatorError } from '../../../gateway/domain/errors.ts';
import { loadModules } from '../../../gateway/forward/proxy-middleware/intercept-modules.ts';
import { loadSettings } from '../../../gateway/settings/read/load.ts';
import type { Settings } from '../../../gateway/settings/schema/settings.ts';
import { httpUpstream } from '../../lab/upstreams/upstream.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-modules-'));
test.after.always(() => rmSync(folder, { recursive: true }));

/** The settings of a configuration file beside which a module with this text lies. */
function settingsWith(name: string, text: string, upstream = 'http://127.0.0.1:1'): Settings {
  writeFileSync(join(folder, name), text);
  const config = join(folder, `${name}.yaml`);
  const route = { name: 's', path: '/s', auth: 'none', upstream, proxy: { intercept: `./${name}` } };
  const database = { url: `sqlite:${join(folder, `${name}.sqlite`)}` };
  writeFileSync(config, stringify({ listen: { port: 0 }, ops: { port: 0 }, database, routes: [route] }));
  return loadSettings(config, {});
}

function started(settings: Settings) {
  return startGateway(settings, pino({ level: 'silent' }), showConfiguration('test.yaml', settings));
}

for (const [name, text, message] of [
  ['named.mjs', 'export const intercept = (body) => body;', /named\.mjs has no function as its default export\./],
  ['text.mjs', `export default 'intercept';`, /text\.mjs has no function as its default export\./],
  ['throws.mjs', `throw new Error('first line\\nsecond');`, /throws\.mjs cannot be loaded: first line$/],
  ['malformed.mjs', 'export default (', /malformed\.mjs cannot be loaded: /],
  ['imports.mjs', `import './nowhere.mjs'; export default (body) => body;`, /imports\.mjs cannot be loaded: .*nowhere/],
] as const) {
  test(`a module that cannot intercept is one line that names it, and nothing starts: ${text}`, async (t) => {
    const settings = settingsWith(name, text);
    const error = await t.throwsAsync(started(settings), { instanceOf: OperatorError });
    t.regex(error.message, message);
    t.false(error.message.includes('\n'));
  });
}

test('a module may be TypeScript', async (t) => {
  const { routes } = settingsWith('typed.ts', 'export default (body: Buffer): Buffer => body;');
  t.is((await loadModules(routes)).size, 1);
});

test('a reload takes a changed module over, and one that cannot be loaded leaves everything as it was', async (t) => {
  const upstream = await httpUpstream(t);
  const replying = (reply: string) => settingsWith('changing.mjs', `export default () => '${reply}';`, upstream.url);
  const gateway = await started(replying('first'));
  t.teardown(() => gateway.close({ delay: 0, timeout: 0 }));
  const answer = async () => (await fetch(`${gateway.url}/s`)).text();
  t.is(await answer(), 'first');
  const changed = replying('second');
  t.is(await answer(), 'first');
  touch();
  await gateway.reload(changed);
  t.is(await answer(), 'second');

  const broken = settingsWith('changing.mjs', 'export default 7;', upstream.url);
  touch();
  await t.throwsAsync(gateway.reload(broken), { instanceOf: OperatorError });
  t.is(await answer(), 'second');
});

let touched = 0;

/** A file system may not tell two states of a file apart that are written within a moment. */
function touch(): void {
  touched += 10;
  const time = Date.now() / 1000 + touched;
  utimesSync(join(folder, 'changing.mjs'), time, time);
}
