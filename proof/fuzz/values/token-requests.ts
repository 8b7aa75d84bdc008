import type { Random } from '../../random.ts';
import { mutate } from '../mutations.ts';

const PATHS: readonly [string, ...string[]] = [
  '/api/v1/tokens',
  '/api/v1/tokens/current',
  '/api/v1/tokens/x',
  '/api/v1/tokens/__proto__',
  '/api/v1/tokens/%00',
  '/api/v1/tokens/%ff',
  '/api/v1/tokens/%E2%82%AC',
  '/api/v1/tokens/a%20b',
  '/api/v1/tokens/:id',
  '/api/v1/tokens/x/y',
  '/api/v1/tokens/%25',
  '/api/v1/tokens/..',
  '/api/v1/Tokens',
  `/api/v1/tokens/${'x'.repeat(300)}`,
  '/api/v1/tokens/%',
];
const QUERIES: readonly [string, ...string[]] = [
  '',
  '?limit=1',
  '?limit=0',
  '?limit=1e3',
  '?limit=9999',
  '?limit=1&limit=2',
  '?after=1.x',
  '?after=999999999999999.x',
  '?after=',
  '?after=%00',
  '?limit[]=1',
  '?__proto__=1',
  '?limit=%ff',
  '?after=-1.x',
  '?after=1.%27',
  '?x',
];
const TYPES: readonly [string, ...string[]] = [
  'application/json',
  'application/json; charset=utf-16',
  'text/plain',
  'multipart/form-data; boundary=x',
  '',
];
const NAMES = [
  '"ci"',
  '""',
  '"ü"',
  '"\\ud800"',
  '"\\u0000"',
  '"\\n"',
  'null',
  '5',
  '[]',
  `"${'x'.repeat(100)}"`,
  `"${'x'.repeat(101)}"`,
];
const LIFETIMES = [
  '600',
  '1',
  '0',
  '-1',
  '86400',
  '86401',
  '1e2',
  '600.0',
  '0.5',
  '1e999',
  '"600"',
  'null',
  'true',
  '[600]',
  '-0',
  '1E1',
];
const NETWORKS = [
  '["10.0.0.0/8"]',
  '["::1"]',
  '[]',
  'null',
  '["10.0.0.0/33"]',
  '["::ffff:10.0.0.0/104"]',
  '"10.0.0.1"',
  '[1]',
  '["1.2.3.4","1.2.3.4"]',
  '["1.2.3.4/032"]',
  '["fe80::1%a"]',
];
const SCOPE_TEXTS = [
  '"orders:read"',
  '"orders:write orders:read"',
  '"orders:read orders:read"',
  '""',
  '" "',
  '"orders:read "',
  '"__proto__"',
  'null',
  '[]',
  '"orders:read\\torders:write"',
];
const KEYS: readonly (readonly [string, readonly string[]])[] = [
  ['name', NAMES],
  ['expiration', LIFETIMES],
  ['addresses', NETWORKS],
  ['scope', SCOPE_TEXTS],
  ['__proto__', ['{}', '{"expiration":5}', '1']],
  ['constructor', ['{}']],
  ['Name', NAMES],
  ['exp', LIFETIMES],
];
const BODIES: readonly [string, ...string[]] = [
  '',
  ' ',
  '\n',
  '\ufeff',
  '\ufeff{}',
  '\ufeff\ufeff{}',
  '\xa0',
  '\u2028',
  'null',
  '[]',
  '"x"',
  '5',
  '{',
  '{}{}',
  '{},',
  '{"a"}',
  "{'name':1}",
  '{name:1}',
  '{"name":"x",}',
  '/**/{}',
  'NaN',
  'undefined',
  '{"expiration":0x10}',
  '{"expiration":01}',
];

/** Requests to the token API, in the form that readRequestText() reads: most of them issue a token. */
export function tokenRequests(random: Random): Buffer {
  const method = random.mostly(5, 'POST', 'GET', 'DELETE', 'PUT', 'HEAD');
  const path = method === 'POST' ? random.mostly(20, '/api/v1/tokens', '/api/v1/tokens/', ...PATHS) : random.of(PATHS);
  const fields = [
    ...(random.once(3) ? [`Content-Type: ${random.of(TYPES)}`] : []),
    ...(random.once(20) ? [`Content-Encoding: ${random.of(['gzip', 'identity', 'br', 'utf-7'])}`] : []),
  ];
  const head = [`${method} ${path}${method === 'POST' ? '' : random.of(QUERIES)}`, ...fields].join('\n');
  const text = body(random);
  const bytes = Buffer.from(text);
  const sent = random.once(5) ? mutate(random, bytes) : random.once(20) ? Buffer.from(text, 'utf16le') : bytes;
  return Buffer.concat([Buffer.from(`${head}\n\n`), sent]);
}

function body(random: Random): string {
  if (random.once(5)) return random.of(BODIES);
  const count = random.mostly(10, random.below(4), 8, 200);
  const members = Array.from({ length: count }, () => {
    const [key, values] = KEYS[random.below(random.mostly(6, 4, KEYS.length))] ?? ['name', NAMES];
    const value = values[random.below(values.length)] ?? 'null';
    const name = random.once(12)
      ? `"${key.replace(/^./, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)}"`
      : JSON.stringify(key);
    return `${random.mostly(8, '', ' ', '\n', '\t')}${name}:${random.mostly(20, value, '['.repeat(5_000), 'x'.repeat(17_000))}`;
  });
  return `{${members.join(',')}}`;
}
