import { createHmac } from 'node:crypto';
import { isIP } from 'node:net';
import type { Outcome } from '../../../gateway/domain/identity.ts';
import { tokenIdentifier } from '../../../gateway/identify/by-token.ts';
import { createIdentify, type Identify } from '../../../gateway/identify/identify.ts';
import { type CredentialField, provenCredentials } from '../../../gateway/identify/proven-credentials.ts';
import { createStanding } from '../../../gateway/identify/standing.ts';
import { tokenSigner } from '../../../gateway/signing/token.ts';
import type { Campaign } from '../campaign.ts';
import { type Finding, unequal } from '../finding.ts';
import { account, PEOPLE } from './people.ts';
import { base64url, headerOf, MAX_LIFETIME, NOW, SECRETS, signed, tokenTexts } from './token-texts.ts';

/** What is true of the stores while a token is judged. */
interface World {
  now: number;
  revoked: string | null;
  changed: string | null;
}

/**
 * Tokens. Accepted is exactly the text that the gateway itself would issue with these claims: no token has a second spelling, so
 * a revocation by its id, a proof in the cache and a line in a log are of one text. What is accepted is refused in every field and
 * from the cache once the token is revoked or expired, or its account has changed.
 */
export const tokens: Campaign = {
  name: 'tokens',
  open() {
    const world: World = { now: NOW, revoked: null, changed: null };
    const identify = identifyBy(world);
    return { generate: tokenTexts, compare: (bytes) => compare(bytes.toString('latin1'), identify, world) };
  },
};

function identifyBy(world: World): Identify {
  const standing = createStanding({
    isDenied: (jti) => jti === world.revoked,
    cutoffOf: () => 0,
    requireFresh() {},
    isReplaced: () => false,
    now: () => world.now,
  });
  const signer = tokenSigner({ secrets: SECRETS, maxLifetime: MAX_LIFETIME }, () => world.now);
  return createIdentify({
    proven: provenCredentials(),
    byPassword: async () => ({ outcome: { kind: 'refused', reason: 'wrong password', scheme: 'basic' }, proof: null }),
    byProvenPassword: () => null,
    verifyToken: signer.verify,
    byToken: tokenIdentifier({
      findAccountById(id) {
        if (!PEOPLE.some((one) => one.id === id)) return null;
        const found = account(id);
        return id === world.changed ? { ...found, stamp: 'another stamp' } : found;
      },
      requireFresh() {},
      ended: standing.ofToken,
      used() {},
      now: () => world.now,
    }),
  });
}

/** The fields that carry a token. */
function fieldsWith(token: string): readonly (readonly [CredentialField, string])[] {
  const basic = (text: string) => `Basic ${Buffer.from(text, 'latin1').toString('base64')}`;
  return [
    ['authorization ', `Bearer ${token}`],
    ['authorization ', basic(`${token}:`)],
    ['authorization ', basic(`token:${token}`)],
    ['x-api-key ', token],
  ];
}

async function compare(token: string, identify: Identify, world: World): Promise<Finding> {
  const expected = strictlyRead(token);
  for (const [field, value] of fieldsWith(token)) {
    // Once more, from the cache.
    for (const turn of ['first', 'second']) {
      const found = subjectOf(await identify(field, value, '127.0.0.1'));
      const difference = unequal(`${value.slice(0, 7)} at the ${turn} time`, found, expected?.subject ?? null);
      if (difference !== null) return { kind: expected === null ? 'refused' : 'accepted', difference };
    }
  }
  if (expected === null) return { kind: 'refused', difference: null };
  const ends: readonly Partial<World>[] = [
    { revoked: expected.id },
    { changed: expected.subject },
    { now: expected.expiresAt * 1000 },
  ];
  for (const end of ends) {
    Object.assign(world, end);
    const outcomes = await Promise.all(fieldsWith(token).map(([field, value]) => identify(field, value, '127.0.0.1')));
    Object.assign(world, { now: NOW, revoked: null, changed: null });
    const still = outcomes.map(subjectOf).find((subject) => subject !== null);
    if (still !== undefined) return { kind: 'accepted', difference: `still accepted: ${JSON.stringify(end)}` };
  }
  return { kind: 'accepted', difference: null };
}

function subjectOf(outcome: Outcome): string | null {
  return outcome.kind === 'found' ? outcome.identity.account.id : null;
}

/** What a token says that is to be accepted; null: it is to be refused. */
interface Expected {
  readonly subject: string;
  readonly id: string;
  readonly expiresAt: number;
}

const NAMES = ['iss', 'aud', 'sub', 'jti', 'iat', 'exp', 'bnd', 'scope', 'adr'];

/** The rules of docs/api.md and of the contract, over the claims of a text that is one of ours byte by byte. */
function strictlyRead(token: string): Expected | null {
  const [, payload = ''] = token.split('.');
  const text = Buffer.from(payload, 'base64url').toString();
  const secret = SECRETS.find((one) => signed(base64url(headerOf(one)), base64url(text), one) === token);
  if (secret === undefined) return null;
  const claims = parsed(text);
  // Written again, the claims are the same text: without duplicates, white space and other escapes.
  if (claims === null || JSON.stringify(claims) !== text) return null;
  const { iss, aud, sub, jti, iat, exp, bnd, scope, adr } = claims;
  const now = NOW / 1000;
  const owner = PEOPLE.find(({ id }) => id === sub);
  if (owner === undefined || iss !== 'gatehouse' || aud !== 'gatehouse:api') return null;
  if (!Object.keys(claims).every((name) => NAMES.includes(name))) return null;
  if (typeof jti !== 'string' || jti === '' || !isMoment(iat) || !isMoment(exp)) return null;
  if (exp <= now || exp <= iat || iat > now + 30 || exp - iat > MAX_LIFETIME / 1000) return null;
  if ('scope' in claims && (typeof scope !== 'string' || scope === '')) return null;
  if ('adr' in claims && !(Array.isArray(adr) && adr.length > 0 && adr.every(isNetwork))) return null;
  const values = JSON.stringify(['binding', owner.id, account(owner.id).stamp.split('.')[0]]);
  const binding = createHmac('sha256', secret).update(values).digest('base64url').slice(0, 22);
  return bnd === binding ? { subject: owner.id, id: jti, expiresAt: exp } : null;
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

function isMoment(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isNetwork(value: unknown): boolean {
  const [, address = '', length = '0'] = /^([\da-f:.]+)(?:\/(\d{1,3}))?$/i.exec(String(value)) ?? [];
  return typeof value === 'string' && isIP(address) !== 0 && Number(length) <= (isIP(address) === 4 ? 32 : 128);
}
