import { isIP } from 'node:net';
import { ADA, basic, type TestGateway, testGateway } from '../../../test/lab/gateways/gateway.ts';
import type { Random } from '../../random.ts';
import type { Campaign } from '../campaign.ts';
import { type Finding, firstOf, unequal } from '../finding.ts';
import { mutate } from '../mutations.ts';
import { type Answer, ask, fieldOf, type RequestText, readRequestText } from './request-texts.ts';

const LONGEST_LIFETIME = 86_400;
const LIFETIME = 3_600;
const SCOPES = ['orders:read', 'orders:write'];

/**
 * Requests to the token API, with a right password. Each is answered with an error of the documented form, or with a token that is
 * exactly what the body asks for by RFC 8259 and docs/api.md; never with 5xx.
 */
export const jsonBodies: Campaign = {
  name: 'json-bodies',
  async open(scope) {
    const gateway = await testGateway(scope, {
      routes: [{ name: 'a', path: '/api/v1/a', upstream: 'http://127.0.0.1:9' }],
      scopes: Object.fromEntries(SCOPES.map((name) => [name, 'a scope'])),
      tokens: { lifetime: '1h', maxLifetime: '1d', maxPerAccount: 1_000_000 },
      log: { level: 'error' },
    });
    let count = 0;
    return {
      generate: requests,
      async compare(bytes) {
        // The number of tokens must not slow down the run.
        count += 1;
        if (count % 500 === 0) await gateway.database.query(gateway.database.sql('gatehouse_tokens').delete());
        const request = readRequestText(bytes);
        return request === null ? { kind: 'no request', difference: null } : await compare(request, gateway);
      },
    };
  },
};

const PATHS: readonly [string, ...string[]] = [
  ...([
    '/api/v1/tokens',
    '/api/v1/tokens/current',
    '/api/v1/tokens/x',
    '/api/v1/tokens/__proto__',
    '/api/v1/tokens/%00',
  ] as const),
  ...([
    '/api/v1/tokens/%ff',
    '/api/v1/tokens/%E2%82%AC',
    '/api/v1/tokens/a%20b',
    '/api/v1/tokens/:id',
    '/api/v1/tokens/x/y',
  ] as const),
  ...([
    '/api/v1/tokens/%25',
    '/api/v1/tokens/..',
    '/api/v1/Tokens',
    `/api/v1/tokens/${'x'.repeat(300)}`,
    '/api/v1/tokens/%',
  ] as const),
];
const QUERIES: readonly [string, ...string[]] = [
  ...([
    '',
    '?limit=1',
    '?limit=0',
    '?limit=1e3',
    '?limit=9999',
    '?limit=1&limit=2',
    '?after=1.x',
    '?after=999999999999999.x',
  ] as const),
  ...([
    '?after=',
    '?after=%00',
    '?limit[]=1',
    '?__proto__=1',
    '?limit=%ff',
    '?after=-1.x',
    '?after=1.%27',
    '?x',
  ] as const),
];
const TYPES: readonly [string, ...string[]] = [
  ...([
    'application/json',
    'application/json; charset=utf-16',
    'text/plain',
    'multipart/form-data; boundary=x',
    '',
  ] as const),
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
  ...([
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
  ] as const),
  ...([
    "{'name':1}",
    '{name:1}',
    '{"name":"x",}',
    '/**/{}',
    'NaN',
    'undefined',
    '{"expiration":0x10}',
    '{"expiration":01}',
  ] as const),
];

function requests(random: Random): Buffer {
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

async function compare(request: RequestText, gateway: TestGateway): Promise<Finding> {
  const answer = await ask(gateway.port, request, [['Authorization', basic(ADA)]]);
  const { status } = answer;
  const isIssue = request.method === 'POST' && /^\/api\/v1\/tokens\/?$/.test(request.path);
  const expected = isIssue ? expectedOf(request.body) : null;
  const difference = firstOf(
    status >= 500 || status < 200 ? `answers ${status}: ${answer.body.slice(0, 200)}` : null,
    status >= 400 && request.method !== 'HEAD' ? errorProblem(answer) : null,
    !isIssue && status === 200 && request.method === 'POST' ? 'a token from another path' : null,
    isIssue ? differenceOf(expected, answer) : null,
  );
  return { kind: `${request.method} ${status}`, difference };
}

/** Every error that the gateway makes itself has this form (the contract, "Public listener"). */
function errorProblem(answer: Answer): string | null {
  const { error, message, ...others } = objectIn(answer.body) ?? {};
  return firstOf(
    /^[a-z_]+$/.test(String(error)) && typeof message === 'string' && message.length > 5
      ? null
      : `no error: ${answer.body.slice(0, 200)}`,
    Object.keys(others).length > 0 ? `more keys: ${answer.body.slice(0, 200)}` : null,
    /\bat .*:\d+|node_modules|Error:|undefined|\[object/.test(String(message))
      ? `not written for people: ${message}`
      : null,
    unequal('content type', fieldOf(answer, 'content-type')?.split(';')[0], 'application/json'),
    fieldOf(answer, 'x-request-id') === null ? 'no X-Request-Id' : null,
  );
}

interface Wish {
  readonly expiration: number;
  readonly addresses: readonly unknown[] | null;
  readonly scope: string | null;
}

function differenceOf(expected: Wish | 'too long' | null, { status, body }: Answer): string | null {
  if (expected === 'too long') return unequal('status', status, 413);
  if (expected === null) return unequal('status', status, 400);
  if (status !== 200) return `refuses what docs/api.md allows: ${status} ${body}`;
  const { token, expiration, scope, addresses } = objectIn(body) ?? {};
  const claims = objectIn(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString()) ?? {};
  const wishedScope =
    expected.scope === null ? null : SCOPES.filter((name) => expected.scope?.split(' ').includes(name)).join(' ');
  return firstOf(
    unequal('expiration', expiration, expected.expiration),
    unequal('lifetime', Number(claims.exp) - Number(claims.iat), expected.expiration),
    unequal('subject', claims.sub, '1'),
    unequal('scope', [scope ?? null, claims.scope ?? null], [wishedScope, wishedScope]),
    unequal('networks of the token', claims.adr, addresses),
    unequal('networks', expected.addresses === null, claims.adr === undefined),
  );
}

/** What docs/api.md says of the body. @returns null if it is to be refused */
function expectedOf(bytes: Buffer): Wish | 'too long' | null {
  if (bytes.length > 16_384) return 'too long';
  const text = bytes.toString();
  if (!Buffer.from(text).equals(bytes)) return null;
  const json = text.replace(/^\ufeff/, '');
  const wish = /^[ \t\r\n]*$/.test(json) ? {} : objectIn(json);
  if (wish === null || !Object.keys(wish).every((key) => ['name', 'expiration', 'addresses', 'scope'].includes(key)))
    return null;
  const { name = null, expiration = LIFETIME, addresses = null, scope = null } = wish;
  const isName = name === null || (typeof name === 'string' && name.length <= 100 && !/[\p{Cc}\p{Cs}]/u.test(name));
  const isLifetime =
    typeof expiration === 'number' && Number.isInteger(expiration) && expiration >= 1 && expiration <= LONGEST_LIFETIME;
  const isList =
    addresses === null ||
    (Array.isArray(addresses) && addresses.length >= 1 && addresses.length <= 20 && addresses.every(isNetwork));
  const isScope =
    scope === null || (typeof scope === 'string' && scope.split(' ').every((one) => SCOPES.includes(one)));
  if (!isName || !isLifetime || !isList || !isScope) return null;
  return { expiration, addresses: addresses as readonly unknown[] | null, scope };
}

function isNetwork(value: unknown): boolean {
  const [, address = '', length = '0'] = /^([\da-f:.]+)(?:\/(\d{1,3}))?$/i.exec(String(value)) ?? [];
  return typeof value === 'string' && isIP(address) !== 0 && Number(length) <= (isIP(address) === 4 ? 32 : 128);
}

function objectIn(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
