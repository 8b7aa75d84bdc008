import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { parse, stringify } from 'yaml';
import { CONFIG } from '../support/recipes/configuration.ts';
import { SERVER } from '../support/stores/certificates.ts';
import { entry } from '../support/tls/tls-visit.ts';

const MAIN = new URL('../../gateway/main.ts', import.meta.url).pathname;

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-recipe-'));
const config = join(folder, 'gateway.yaml');
await writeFile(config, CONFIG);
test.after.always(() => rm(folder, { recursive: true, force: true }));

async function recipe(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return await promisify(execFile)(process.execPath, [MAIN, 'recipe', ...args]).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (failed: { stdout: string; stderr: string; code: number }) => failed,
  );
}

test('an unknown proxy, and a configuration without decisions, get one line that says what would be right', async (t) => {
  const unknown = await recipe('apache', '--config', config);
  t.is(unknown.code, 2);
  t.is(
    unknown.stderr,
    "error: command-argument value 'apache' is invalid for argument 'proxy'. Allowed choices are nginx, caddy, haproxy, traefik, envoy, gateway-api.\n",
  );
  const listen = await recipe('nginx', '--config', config, '--listen', 'here');
  t.is(listen.code, 2);
  t.regex(listen.stderr, /^error: --listen is "here"; must be HOST:PORT or :PORT, such as :80\n$/);
  const without = join(folder, 'without.yaml');
  await writeFile(without, CONFIG.replace(/^decisions.*$/m, '').replace(/^.*elsewhere.*$/m, ''));
  const { code, stderr } = await recipe('nginx', '--config', without);
  t.is(code, 1);
  t.regex(
    stderr,
    /without\.yaml has no decisions; add "decisions: \{ port: 8082 \}" for the listener that proxies ask\n$/,
  );
});

for (const [listen, message] of [
  [{ proxyProtocol: true }, /^listen\.proxyProtocol is true, but the proxy of a recipe sends no PROXY header[^\n]*\n$/],
  [{ fd: 3 }, /^listen\.fd does not say where the proxy reaches the gateway\. [^\n]*\n$/],
] as const) {
  test(`a gateway with listen: ${JSON.stringify(listen)} has no recipe: the proxy could not reach it`, async (t) => {
    const file = join(folder, `${Object.keys(listen).join()}.yaml`);
    const written = parse(CONFIG) as object;
    await writeFile(file, stringify({ ...written, trustedProxies: ['10.0.0.7'], listen }));
    const { code, stderr } = await recipe('nginx', '--config', file);
    t.is(code, 1);
    t.regex(stderr, message);
  });
}

test('a gateway that terminates TLS itself has no recipe: the proxy would reach it without', async (t) => {
  const overTls = join(folder, 'tls.yaml');
  const written = parse(CONFIG) as { listen?: object };
  await writeFile(overTls, stringify({ ...written, listen: { ...written.listen, tls: entry(SERVER) } }));
  const { code, stderr } = await recipe('nginx', '--config', overTls);
  t.is(code, 1);
  t.regex(stderr, /^listen\.tls is set, but the proxy of a recipe reaches the public listener without TLS[^\n]*\n$/);
});

test('recipes of two files say where each belongs, or are written into a folder', async (t) => {
  const { stdout } = await recipe('haproxy', '--config', config);
  t.regex(stdout, /lua-load-per-thread \/etc\/haproxy\/gatehouse\.lua$/m);
  t.regex(stdout, /^# -+ \/etc\/haproxy\/gatehouse\.lua /m);
  const out = join(folder, 'out');
  const written = await recipe('haproxy', '--config', config, '--out', out);
  t.is(written.stdout, `${join(out, 'gatehouse.cfg')}\n${join(out, 'gatehouse.lua')}\n`);
  t.deepEqual((await readdir(out)).sort(), ['gatehouse.cfg', 'gatehouse.lua']);
  t.true(
    (await readFile(join(out, 'gatehouse.cfg'), 'utf8')).includes(`lua-load-per-thread ${join(out, 'gatehouse.lua')}`),
  );
});
