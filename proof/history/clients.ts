import { setTimeout as delay } from 'node:timers/promises';
import type { Act } from '../audit/events.ts';
import type { Random } from '../random.ts';
import type { Reply, Send } from './call.ts';
import type { Gateway } from './gateway.ts';
import type { Recorder } from './recorder.ts';
import { authorizationOf, type Held, type Uses } from './uses.ts';
import type { Person, Token, World } from './world.ts';

export interface Surroundings {
  readonly world: World;
  readonly gateways: readonly [Gateway, Gateway];
  readonly record: Recorder;
  readonly uses: Uses;
  readonly send: Send;
}

/** Tokens that the clients keep in use. */
const LEAST_TOKENS = 60;
const MOST_TOKENS = 200;
/** Milliseconds between two requests of a client, at most. */
const PAUSE = 120;
/** Credentials that are tried again and again after a revocation of all. */
const WATCHED = 2;
const TOKENS_PATH = '/api/v1/tokens/';

/** One client: sends one request after the other, as its random numbers say, until the signal. */
export async function runClient(at: Surroundings, random: Random, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await delay(random.below(PAUSE));
    await step(at, random);
  }
}

async function step(at: Surroundings, random: Random): Promise<void> {
  const { world } = at;
  const gateway = random.of(at.gateways);
  const choice = random.below(100);
  if (world.tokensInUse < LEAST_TOKENS || (choice < 6 && world.tokensInUse < MOST_TOKENS)) {
    await issue(at, gateway, world.person(random), random);
  } else if (choice < 12) {
    await revoke(at, gateway, random);
  } else if (choice < 13) {
    await revokeAll(at, gateway, world.person(random), random);
  } else if (choice < 15) {
    await list(at, gateway, world.person(random));
  } else {
    const held = heldBy(at, random, choice);
    await at.uses.use(gateway, held, { isFresh: random.once(3), needsGroup: random.once(4) });
  }
}

function heldBy({ world }: Surroundings, random: Random, choice: number): Held {
  const token = choice < 30 ? world.endedToken(random) : choice < 80 ? world.token(random) : null;
  if (token !== null) return { form: random.mostly(3, 'bearer', 'basic'), token };
  return passwordOf(world.person(random), random);
}

/** Mostly the present password, else one that has been replaced. */
function passwordOf(person: Person, random: Random): Held & { form: 'password' } {
  const [present, ...former] = person.passwords;
  const password = random.once(8) ? (former[random.below(Math.max(1, former.length))] ?? present) : present;
  return { form: 'password', person, password };
}

async function issue(at: Surroundings, gateway: Gateway, person: Person, random: Random): Promise<void> {
  const held = passwordOf(person, random);
  const ends = at.record.begins({ kind: 'issue', account: person.email }, gateway.name);
  const reply = await at.send({ ...callOf(gateway, held, random), method: 'POST', path: TOKENS_PATH });
  if (reply.status === 200) {
    const { token: text } = JSON.parse(reply.body) as { token: string };
    const { jti } = JSON.parse(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString()) as { jti: string };
    ends('acknowledged', '200', jti);
    at.world.addToken({ id: jti, text, owner: person });
  } else {
    ends(outcomeOf(reply), answerOf(reply));
  }
  await at.uses.answered(gateway, held, reply);
}

async function revoke(at: Surroundings, gateway: Gateway, random: Random): Promise<void> {
  const token = at.world.token(random);
  if (token === null) return;
  const itself: Held = { form: random.of(['bearer', 'basic']), token };
  const [other] = at.world.tokensOf(token.owner, 1);
  const byId: Held =
    random.once(2) || other === undefined ? passwordOf(token.owner, random) : { form: 'bearer', token: other };
  const [held, which] = random.once(2) ? [itself, 'current'] : [byId, token.id];
  at.world.ends(token);
  await act(at, gateway, { kind: 'revoke', token: token.id }, held, which, [token], random);
}

async function revokeAll(at: Surroundings, gateway: Gateway, person: Person, random: Random): Promise<void> {
  const [token] = at.world.tokensOf(person, 1);
  const held: Held = token === undefined || random.once(2) ? passwordOf(person, random) : { form: 'bearer', token };
  const watched = at.world.tokensOf(person, WATCHED);
  at.world.endsAll(person);
  await act(at, gateway, { kind: 'revoke all', account: person.email }, held, '', watched, random);
}

async function act(
  at: Surroundings,
  gateway: Gateway,
  asked: Act,
  held: Held,
  which: string,
  watched: readonly Token[],
  random: Random,
): Promise<void> {
  const ends = at.record.begins(asked, gateway.name);
  const reply = await at.send({ ...callOf(gateway, held, random), method: 'DELETE', path: TOKENS_PATH + which });
  const outcome = reply.status === 204 ? 'acknowledged' : outcomeOf(reply);
  ends(outcome, answerOf(reply));
  const form = random.of(['bearer', 'basic'] as const);
  const watching = outcome === 'acknowledged' ? watched.map((token) => at.uses.watch({ form, token })) : [];
  await Promise.all([at.uses.answered(gateway, held, reply), ...watching]);
}

async function list(at: Surroundings, gateway: Gateway, person: Person): Promise<void> {
  const held: Held = { form: 'password', person, password: person.passwords[0] };
  const authorization = authorizationOf(held);
  const call = {
    url: gateway.url,
    authorization,
    method: 'GET',
    path: `${TOKENS_PATH}?limit=1000`,
    isFresh: false,
  } as const;
  const reply = await at.send(call);
  if (reply.status === 200) {
    const { tokens } = JSON.parse(reply.body) as { tokens: readonly { id: string }[] };
    const ids = tokens.map(({ id }) => id);
    const { begun, ended } = reply;
    at.record.write({ type: 'listed', node: gateway.name, account: person.email, tokens: ids, begun, ended });
  }
  await at.uses.answered(gateway, held, reply);
}

function callOf(gateway: Gateway, held: Held, random: Random) {
  return { url: gateway.url, authorization: authorizationOf(held), isFresh: random.once(3) };
}

/** What was not acknowledged: refused credentials and unknown ids have certainly changed nothing. */
function outcomeOf({ status }: Reply): 'refused' | 'unknown' {
  return status !== null && status >= 400 && status < 500 ? 'refused' : 'unknown';
}

function answerOf({ status }: Reply): string {
  return String(status ?? 'no answer');
}
