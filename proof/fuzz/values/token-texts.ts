import { createHmac } from 'node:crypto';
import type { TokenRestrictions } from '../../../gateway/domain/identity.ts';
import { createLinks } from '../../../gateway/signing/link.ts';
import { tokenSigner } from '../../../gateway/signing/token.ts';
import type { Random } from '../../random.ts';
import { mutate } from '../mutations.ts';
import { account, PEOPLE } from './people.ts';

/** The first signs; the second has signed before. */
export const SECRETS: readonly [string, string] = ['s'.repeat(32), 'before '.repeat(5)];
const FOREIGN = 'foreign '.repeat(4);
/** Milliseconds since 1970. */
export const NOW = 1_900_000_000_000;
export const MAX_LIFETIME = 86_400_000;

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Claims = { [name: string]: Json };

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const ODD: readonly [Json, ...Json[]] = [
  null,
  ...[
    true,
    0,
    -1,
    0.5,
    1e21,
    2 ** 53,
    NOW / 1000,
    NOW / 1000 + 31,
    NOW / 1000 + 90_000,
    '',
    ' ',
    '1',
    '2',
    '0',
    'none',
  ],
  ...[
    'gatehouse',
    'gatehouse:api',
    'gatehouse:reset',
    'x'.repeat(9_000),
    '\ud800',
    '\u0000',
    '10.0.0.0/8',
    '1.2.3.4/33',
  ],
  ...[[], {}, ['gatehouse:api'], ['gatehouse:api', 'x'], [null], ['10.0.0.0/8'], { toString: 1 }],
];
const NAMES: readonly [string, ...string[]] = [
  'iss',
  ...['aud', 'sub', 'jti', 'iat', 'exp', 'bnd', 'scope', 'adr'],
  ...['nbf', '__proto__', 'constructor', 'SUB', 'sub ', 'purpose', '', 'email', 'end'],
];
const HEADERS: readonly [string, ...string[]] = [
  '{}',
  ...['none', 'None', 'HS384', 'HS512', 'RS256', 'ES256', 'hs256', ''].map((alg) =>
    JSON.stringify({ alg, typ: 'JWT' }),
  ),
  ...['[]', '"HS256"', 'null', '{"typ":"JWT","alg":"HS256"}', '{"alg":"HS256", "typ":"JWT"}', '{'],
];

/** The public id of the key of a secret. */
export function keyIdOf(secret: string): string {
  return createHmac('sha256', secret).update('gatehouse key id').digest('base64url').slice(0, 11);
}

export function base64url(text: string | Buffer): string {
  return Buffer.from(text).toString('base64url');
}

/** Signs what stands before the signature, whatever it is. */
export function signed(header: string, payload: string, secret: string, digest = 'sha256'): string {
  const content = `${header}.${payload}`;
  return `${content}.${createHmac(digest, secret).update(content).digest('base64url')}`;
}

export function headerOf(secret: string, more: object = {}): string {
  return JSON.stringify({ alg: 'HS256', typ: 'JWT', kid: keyIdOf(secret), ...more });
}

const signers = [...SECRETS, FOREIGN].map((secret) =>
  tokenSigner({ secrets: [secret], maxLifetime: MAX_LIFETIME }, () => NOW),
);
const links = createLinks({ secrets: SECRETS }, () => NOW);

/** Tokens as the gateway issues them, with something changed, and tokens that others have made. */
export function tokenTexts(random: Random): Buffer {
  const token = random.once(12) ? linkText(random) : issued(random);
  return Buffer.from(random.once(8) ? token : changed(random, token), 'latin1');
}

function issued(random: Random): string {
  const { id } = random.of(PEOPLE);
  const restrictions: TokenRestrictions = {
    scope: random.once(4) ? ['orders:read', 'orders:write'] : null,
    addresses: random.once(4) ? ['10.0.0.0/8'] : null,
  };
  const signer = random.mostly(4, signers[0], signers[1], signers[2]) ?? signers[0];
  const times = { issuedAt: NOW / 1000 - random.below(4_000), lifetime: random.mostly(3, 3_600, 86_400, 86_401, 1) };
  return signer?.sign(account(id), { jti: `j${random.below(4)}`, ...times, ...restrictions }) ?? '';
}

function linkText(random: Random): string {
  const purpose = random.of(['confirm', 'reset'] as const);
  return links.make({ purpose }, account(random.of(PEOPLE).id), 3_600_000);
}

function changed(random: Random, token: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const secret = random.mostly(3, SECRETS[0], SECRETS[1], FOREIGN, '');
  switch (random.below(9)) {
    case 0: {
      const bits = Buffer.from(token, 'latin1');
      const at = random.below(bits.length);
      bits[at] = (bits[at] ?? 0) ^ (1 << random.below(8));
      return bits.toString('latin1');
    }
    case 1: {
      const at = random.below(token.length);
      return token.slice(0, at) + random.text(DIGITS, 1) + token.slice(at + 1);
    }
    case 2:
      return withOtherEncoding(random, [header, payload, signature]);
    case 3: {
      const [otherHeader, otherPayload, otherSignature] = issued(random).split('.');
      return random.of([
        `${header}.${otherPayload}.${signature}`,
        `${header}.${payload}.${otherSignature}`,
        `${otherHeader}.${payload}.${signature}`,
        `${payload}.${header}.${signature}`,
        `${header}.${payload}`,
        `${header}.${payload}.`,
        `${token}.${signature}`,
      ]);
    }
    case 4: {
      const text = random.once(2)
        ? random.of(HEADERS)
        : headerOf(secret, { [random.of(['kid', 'crit', 'b64', 'zip', 'jwk', 'cty', 'alg', 'typ'])]: random.of(ODD) });
      const made = signed(base64url(text), payload, secret, random.of(['sha256', 'sha384', 'sha512']));
      return random.once(3) ? made.slice(0, made.lastIndexOf('.') + 1) : made;
    }
    case 5:
    case 6:
      return signed(base64url(headerOf(secret)), base64url(otherClaims(random, payload)), secret);
    case 7: {
      const bytes = mutate(random, Buffer.from(payload, 'base64url'));
      return signed(base64url(headerOf(secret)), base64url(bytes), secret);
    }
    default:
      return mutate(random, Buffer.from(token, 'latin1')).toString('latin1');
  }
}

/** Other texts that a decoder may take for the same bytes. */
function withOtherEncoding(random: Random, parts: readonly [string, string, string]): string {
  const at = random.below(3);
  const part = parts[at] ?? '';
  const changedPart = random.of([
    `${part}=`,
    `${part}==`,
    `${part} `,
    `\t${part}`,
    part.replaceAll('-', '+').replaceAll('_', '/'),
    part.slice(0, -1) + random.text(DIGITS, 1),
    Buffer.from(part, 'base64url').toString('base64'),
    Buffer.from(part, 'base64url').toString('hex'),
    `${part.slice(0, 4)}\n${part.slice(4)}`,
    part.toUpperCase(),
  ]);
  return parts.map((one, index) => (index === at ? changedPart : one)).join('.');
}

function otherClaims(random: Random, payload: string): string {
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
  for (let changes = 1 + random.below(2); changes > 0; changes -= 1) {
    const name = random.of(NAMES);
    if (random.once(4)) delete claims[name];
    else Object.defineProperty(claims, name, { value: random.of(ODD), enumerable: true, configurable: true });
  }
  const text = JSON.stringify(claims);
  switch (random.below(8)) {
    case 0:
      return JSON.stringify(claims, null, 1);
    case 1:
      return text.replace(/\}$/, `,"${random.of(NAMES)}":${JSON.stringify(random.of(ODD))}}`);
    case 2:
      return `${random.of(['\ufeff', ' ', '\n'])}${text}`;
    case 3:
      return text.replaceAll('a', '\\u0061');
    default:
      return text;
  }
}
