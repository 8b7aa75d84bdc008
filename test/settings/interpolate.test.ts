import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { checkSettings } from '../../gateway/settings/read/check.ts';
import { filesNamedIn, interpolate } from '../../gateway/settings/read/interpolate.ts';
import { problemsOf, ROUTES, settingsOf } from './problems.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-interpolate-'));
writeFileSync(join(folder, 'secret'), `from a file: \${NOT_AGAIN}\n\n`);
writeFileSync(join(folder, 'windows'), 'line\r\n');
writeFileSync(join(folder, 'latin1'), Buffer.from([0xe9, 0x0a]));
test.after.always(() => rmSync(folder, { recursive: true }));

const replaced = (text: string, env: NodeJS.ProcessEnv = {}) => {
  const result = interpolate(text, { env, folder });
  return result.kind === 'replaced' ? result.text : result;
};

test('variables, defaults and escapes are replaced', (t) => {
  const env = { NAME: 'value', EMPTY: '' };
  t.is(replaced(`a \${NAME} b \${NAME}`, env), 'a value b value');
  t.is(replaced(`\${UNSET:-http://x:80}`, env), 'http://x:80');
  t.is(replaced(`\${EMPTY:-default}`, env), 'default');
  t.is(replaced(`\${EMPTY}`, env), '');
  t.is(replaced(`\${UNSET:-}`, env), '');
  t.is(replaced(`$\${NAME} $NAME`, env), `\${NAME} $NAME`);
  t.deepEqual(replaced('plain $NAME'), { kind: 'literal' });
});

test('a file is put in without its last line end, and what it contains is not replaced again', (t) => {
  t.is(replaced(`\${file:secret}`, { NOT_AGAIN: 'x' }), `from a file: \${NOT_AGAIN}\n`);
  t.is(replaced(`[\${file:${join(folder, 'windows')}}]`), '[line]');
});

test('each thing that cannot be replaced is told, with the file it looked for', (t) => {
  const result = interpolate(`\${ONE} \${file:absent} \${file:.} \${file:latin1} \${1} \${`, { env: {}, folder });
  t.is(result.kind, 'failed');
  const reasons = result.kind === 'failed' ? result.reasons : [];
  t.is(reasons.length, 6);
  t.regex(reasons[0] ?? '', /variable ONE is not set/);
  t.regex(reasons[1] ?? '', new RegExp(`${folder}/absent: there is no such file`));
  t.regex(reasons[2] ?? '', /is a directory/);
  t.regex(reasons[3] ?? '', /not UTF-8/);
  t.regex(reasons[4] ?? '', /is not followed by a name/);
  t.regex(reasons[5] ?? '', /is not followed by a name/);
});

test('the files that a text names are found once each, by their full paths, and whether they are there or not', (t) => {
  const text = `a: \${file:secret}\nb: "\${A:-b}\${file:/x y}$\${file:not}"\nc: [\${file:./secret}, \${file:absent}]`;
  t.deepEqual(filesNamedIn(text, folder), [join(folder, 'secret'), '/x y', join(folder, 'absent')]);
});

test('a device is refused instead of read for ever', (t) => {
  t.is(interpolate(`\${file:/dev/zero}`, { env: {}, folder }).kind, 'failed');
});

test('a file whose name no file can have is refused as such', (t) => {
  const result = interpolate(`\${file:a\0b}`, { env: {}, folder });
  t.regex(result.kind === 'failed' ? (result.reasons[0] ?? '') : '', /its name contains NUL/);
});

test('numbers and flags may come from variables, quoted or not', (t) => {
  const text = `listen:\n  port: \${PORT:-8443}\nops: { port: "\${OPS:-0}" }\naccounts: { passwordCost: "\${COST}" }
routes:\n  - { name: a, path: /a, upstream: http://x, preserveHost: "\${KEEP}", passAuthorization: "\${PASS}" }\n`;
  const { listen, ops, accounts, routes } = settingsOf(t, text, { COST: '4', KEEP: 'true', PASS: 'False' });
  t.deepEqual(
    [listen.port, ops.port, accounts.passwordCost, routes[0]?.preserveHost, routes[0]?.passAuthorization],
    [8443, 0, 4, true, false],
  );
});

test('a secret of digits stays the text that it is', (t) => {
  const secret = '00123456789012345678901234567890123';
  t.deepEqual(settingsOf(t, `tokens:\n  secrets: \${S}\n${ROUTES}`, { S: secret }).tokens.secrets, [secret]);
});

test('a relative file starts from the folder of the configuration', (t) => {
  const text = `api: { realm: "\${file:windows}" }\n${ROUTES}`;
  const checked = checkSettings(text, join(folder, 'gateway.yaml'), {});
  t.is(checked.kind === 'valid' && checked.settings.api.realm, 'line');
});

test('a variable that is missing is one problem, at its value', (t) => {
  const text = `api: { realm: "\${NOPE}" }\nlisten:\n  port: \${NOPE}\ntokens: { secrets: ["\${NOPE}"] }\n${ROUTES}`;
  t.deepEqual(
    problemsOf(text).map(({ at }) => at),
    ['1:15 api.realm', '3:9 listen.port', '4:21 tokens.secrets[0]'],
  );
});

test('keys are not replaced', (t) => {
  t.deepEqual(problemsOf(`"\${KEY}": { level: warn }\n${ROUTES}`, { KEY: 'log' })[0]?.at, `1:1 ["\${KEY}"]`);
});

test('what a variable or file gave is never repeated', (t) => {
  const text = `listen: { port: "\${LEAK}" }
log: { level: "\${LEAK}" }
database: { url: "\${LEAK}" }
redis: { url: "\${LEAK}", timeout: "\${LEAK}" }
api: { realm: "\${LEAK}\\"", prefix: "\${LEAK}" }
tokens: { secrets: ["\${LEAK}"], lifetime: "x\${LEAK}" }
trustedProxies: ["\${LEAK}"]
accounts: "\${LEAK}"
routes:
  - { name: "\${LEAK}", path: "\${LEAK}", upstream: "\${LEAK}", methods: ["\${LEAK}"], auth: "\${LEAK}" }
`;
  const problems = problemsOf(text, { LEAK: 'HUNTER2' });
  t.is(problems.length, 16);
  for (const { message } of problems) t.notRegex(message, /HUNTER2/);
  t.regex(problems[0]?.message ?? '', /\$\{LEAK\} has another value/);
});

test('neither do rules between options repeat what a variable gave', (t) => {
  const text = `limits: {}\nroutes:
  - { name: a, path: /a, upstream: http://x, limits: "\${LEAK}" }
  - { name: b, path: /b, upstream: "\${LEAK}" }
  - { name: "x\${LEAK}", path: /c, upstream: http://x }
  - { name: "x\${LEAK}", path: /d, upstream: http://x, requires: { scopes: ["\${LEAK}"] } }\n`;
  const problems = problemsOf(text, { LEAK: 'hunter2' });
  t.true(problems.length >= 4);
  for (const { message } of problems) t.notRegex(message, /hunter2/);
  t.regex(problems[0]?.message ?? '', /names no limit in limits: \$\{LEAK\}/);
});

test('nor the rest of a value that begins as another one', (t) => {
  const text = `limits: {}\nroutes:
  - { name: a, path: /a, upstream: http://x, limits: "\${SHORT}" }
  - { name: b, path: /b, upstream: http://x, limits: "\${LONG}" }\n`;
  const [, problem] = problemsOf(text, { SHORT: 'postgres', LONG: 'postgres-hunter2' });
  t.regex(problem?.message ?? '', /names no limit in limits: \$\{LONG\}/);
  t.notRegex(problem?.message ?? '', /hunter2/);
});
