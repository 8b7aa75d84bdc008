import { isIP } from 'node:net';
import { ADA, basic, type TestGateway, testGateway } from '../../../test/lab/gateways/gateway.ts';
import type { Campaign } from '../campaign.ts';
import { type Finding, firstOf, unequal } from '../finding.ts';
import { type Answer, ask, fieldOf, type RequestText, readRequestText } from './request-texts.ts';
import { tokenRequests } from './token-requests.ts';

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
      generate: tokenRequests,
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
