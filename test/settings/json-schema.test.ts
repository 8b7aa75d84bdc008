import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import test from 'ava';
import { parse } from 'yaml';
import { checkSettings } from '../../gateway/settings/read/check.ts';
import { configurationJsonSchema } from '../../gateway/settings/schema/json-schema.ts';
import { listenAddress } from '../../gateway/settings/schema/listener-options.ts';
import { configurationReference } from '../../gateway/settings/schema/reference.ts';

const CONFIG = new URL('../../config/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, CONFIG), 'utf8');

const validator = (): ValidateFunction =>
  new Ajv({ allErrors: true, allowUnionTypes: true }).compile(JSON.parse(read('gateway.schema.json')));

test('config/gateway.schema.json is what the schema in the code says', (t) => {
  t.deepEqual(
    JSON.parse(read('gateway.schema.json')),
    JSON.parse(JSON.stringify(configurationJsonSchema())),
    'run: npm run schema',
  );
});

test('docs/configuration.md is what the schema in the code says', (t) => {
  t.is(read('../docs/configuration.md'), configurationReference(), 'run: npm run schema');
});

for (const name of ['gateway.yaml', 'demo.yaml']) {
  test(`config/${name} is valid, for the gateway and for editors`, (t) => {
    const text = read(name);
    t.is(text.split('\n')[0], '# yaml-language-server: $schema=./gateway.schema.json');
    t.like(checkSettings(text, name, {}), { kind: 'valid' });
    const validate = validator();
    t.true(validate(parse(text)), JSON.stringify(validate.errors));
  });
}

test('config/gateway.yaml shows every option of the schema, each at its default', (t) => {
  const shown = parse(read('gateway.yaml'));
  // Without default: shown in comments.
  const withComments = parse(
    read('gateway.yaml')
      .replace(
        /^ {2}# (?=(table|columns|pepper|firebase|groups|confirmedWhen|readOnly|request|url|logo|hsts|tls|redirect|socket|fd): )/gm,
        '  ',
      )
      .replace(/^# (?=decisions:$| {2}(host|port|socket|fd|peers|cache): )/gm, '')
      .replace(/^#(?=assertion:| {2}(keys|issuer|lifetime|claims): )/gm, ''),
  );
  const isMap = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const paths = (value: unknown, path = ''): string[] =>
    isMap(value) && Object.keys(value).length > 0
      ? Object.entries(value).flatMap(([key, inner]) => paths(inner, `${path}.${key}`))
      : [path];
  interface Schema {
    properties?: Record<string, Schema>;
  }
  const optionsOf = ({ properties }: Schema, path = ''): string[] =>
    properties ? Object.entries(properties).flatMap(([key, inner]) => optionsOf(inner, `${path}.${key}`)) : [path];
  const known = optionsOf(JSON.parse(read('gateway.schema.json')));
  t.deepEqual(paths(withComments).sort(), known.sort());
  const ownText = checkSettings(read('gateway.yaml'), 'gateway.yaml', {});
  const leftOut = checkSettings(JSON.stringify({ routes: shown.routes }), 'gateway.yaml', {});
  t.deepEqual(withAddresses(ownText), withAddresses(leftOut));
});

/** The host and the port have no default of their own: `socket` and `fd` take their place. */
function withAddresses(result: ReturnType<typeof checkSettings>) {
  if (result.kind !== 'valid') return result;
  const { listen, ops, ...others } = result.settings;
  return {
    ...others,
    listen: { ...listen, ...listenAddress('listen', listen) },
    ops: { ...ops, ...listenAddress('ops', ops) },
  };
}

test('the JSON Schema refuses what the gateway refuses, and lets variables through', (t) => {
  const routes = [{ name: 'a', path: '/a', upstream: 'http://x' }];
  const validate = validator();
  t.true(validate({ routes, upstreams: { a: { servers: ['http://x', { url: 'http://y', weight: 2 }] } } }));
  t.true(validate({ routes, listen: { port: `\${PORT}` }, database: { timeout: `\${T:-2s}` }, trustedProxies: '::1' }));
  for (const wrong of [
    {},
    { routes: [] },
    { routes, lgo: {} },
    { routes, listen: { prot: 1 } },
    { routes, listen: { port: 'eighty' } },
    { routes, database: { timeout: 2 } },
    { routes, log: { level: 'loud' } },
    { routes, workers: 'many' },
    { routes, upstreams: { a: { servers: [{ url: 'http://x', weigth: 2 }] } } },
    { routes, upstreams: { a: { servers: ['http://x'], balance: 'best' } } },
    { routes: [{ ...routes[0], path: '/a/../b' }] },
    { routes: [{ ...routes[0], upsteam: 'x' }] },
    { routes: [{ name: 'a', upstream: 'http://x' }] },
    { routes, decisions: { peer: [] } },
    { routes, decisions: { socket: 'decisions.sock' } },
  ]) {
    t.false(validate(wrong), JSON.stringify(wrong));
  }
});
