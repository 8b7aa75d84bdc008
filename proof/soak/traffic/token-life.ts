import { basic } from '../../../test/lab/gateways/gateway.ts';
import { TOKEN_LIFETIME } from '../gateway/settings.ts';
import { addDead, anyToken, bearer, retire } from './people.ts';
import type { Operation } from './requests.ts';
import { expectAnswer } from './world.ts';

const SECOND = 1_000;

export const issue: Operation = async (world, target) => {
  const { random, people } = world;
  const person = random.of(people.confirmed);
  const expiration = 30 + random.below(TOKEN_LIFETIME);
  const issuedAt = Date.now();
  const { status, body } = await expectAnswer(
    world,
    target,
    {
      method: 'POST',
      path: '/api/v1/tokens/',
      headers: { authorization: basic(person) },
      body: JSON.stringify({ expiration, name: `soak ${random.below(1_000)}` }),
    },
    { operation: 'issue', statuses: [200] },
  );
  // All tokens of an account that were issued before the revocation are revoked: those of about the same moment may be.
  if (status !== 200 || person.revokedAllAt >= issuedAt) return;
  const { token: text } = JSON.parse(body) as { token: string };
  const claims = JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()) as {
    jti: string;
    exp: number;
  };
  const expiresAt = claims.exp * SECOND;
  people.tokens.push({ text, jti: claims.jti, person, issuedAt, expiresAt, revokingAt: null, revokedAt: null });
};

/** By itself, or by its id with the password. */
export const revoke: Operation = async (world, target) => {
  const { random, people } = world;
  const token = anyToken(people, random);
  if (token === null) return;
  token.revokingAt = Date.now();
  retire(people, token);
  const byItself = random.once(2);
  const { status } = await expectAnswer(
    world,
    target,
    {
      method: 'DELETE',
      path: `/api/v1/tokens/${byItself ? 'current' : token.jti}`,
      headers: { authorization: byItself ? bearer(token) : basic(token.person) },
    },
    { operation: 'revoke', statuses: token.person.revokedAllAt >= token.issuedAt ? [204, 401, 404] : [204] },
  );
  if (status !== 204) return;
  token.revokedAt = Date.now();
  addDead(people, token);
};

export const revokeAll: Operation = async (world, target) => {
  const { random, people } = world;
  const person = random.of(people.confirmed);
  const ended = people.tokens.filter((token) => token.person === person);
  // The time of the database counts, which is that of this machine; a token is dated in whole seconds.
  person.revokedAllAt = Number.POSITIVE_INFINITY;
  for (const token of ended) {
    token.revokingAt = Date.now();
    retire(people, token);
  }
  const { status } = await expectAnswer(
    world,
    target,
    { method: 'DELETE', path: '/api/v1/tokens/', headers: { authorization: basic(person) } },
    { operation: 'revoke all', statuses: [204] },
  );
  const now = Date.now();
  person.revokedAllAt = now + SECOND;
  if (status !== 204) return;
  for (const token of ended) token.revokedAt = now;
  addDead(people, ...ended);
};

export const list: Operation = (world, target) =>
  expectAnswer(
    world,
    target,
    {
      path: `/api/v1/tokens/?limit=${1 + world.random.below(20)}`,
      headers: { authorization: basic(world.random.of(world.people.confirmed)) },
    },
    { operation: 'list', statuses: [200] },
  );
